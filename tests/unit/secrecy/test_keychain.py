"""The keychain: asked in a process of its own, within a time limit, and missed by nobody."""

import os
import time
from pathlib import Path

import pytest

from actors.secrecy import keychain
from actors.secrecy.keychain import Answer
from tests.support.keychains import FILE
from tests.support.processes import ROOT

VALUE = "sk-ant-canary-in-the-keychain-ü"


def environment(tmp_path: Path, backend: str) -> dict[str, str]:
    ours = {"PYTHON_KEYRING_BACKEND": backend, "PYTHONPATH": str(ROOT), FILE: str(tmp_path / "keychain")}
    return {**os.environ, **ours}


def test_set_get_delete(tmp_path: Path) -> None:
    around = environment(tmp_path, "tests.support.keychains.Sound")
    assert keychain.ask("get", "A", around) == Answer()
    assert keychain.ask("set", "A", around, VALUE) == Answer()
    assert keychain.ask("get", "A", around) == Answer(VALUE)
    assert keychain.ask("get", "B", around) == Answer()
    assert keychain.ask("delete", "A", around) == Answer("deleted")
    assert keychain.ask("delete", "A", around) == Answer()
    assert keychain.ask("get", "A", around) == Answer()


@pytest.mark.parametrize("backend", ["tests.support.keychains.Unsafe", "keyring.backends.fail.Keyring"])
def test_none_that_keeps_secrets_encrypted(tmp_path: Path, backend: str) -> None:
    around = environment(tmp_path, backend)
    assert keychain.ask("get", "A", around) == Answer()
    assert "no keychain" in keychain.ask("set", "A", around, VALUE).trouble
    assert not (tmp_path / "keychain").exists()


def test_a_locked_one_holds_nobody_up_and_leaves_no_process(tmp_path: Path) -> None:
    began = time.monotonic()
    answer = keychain.ask("get", "A", environment(tmp_path, "tests.support.keychains.Locked"), limit_s=3.0)
    assert time.monotonic() - began < 10
    assert (answer.value, "did not answer within 3 s" in answer.trouble) == (None, True)
    for pid in (tmp_path / "keychain").read_text().split():
        wait_for_end(int(pid))


def wait_for_end(pid: int) -> None:
    deadline = time.monotonic() + 10
    while Path(f"/proc/{pid}").exists() and "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2][:3]:
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.parametrize(
    "backend", ["tests.support.keychains.Dying", "tests.support.keychains.Chatty", "tests.support.keychains.Missing"]
)
def test_one_that_does_not_answer_as_it_should(tmp_path: Path, backend: str) -> None:
    answer = keychain.ask("get", "A", environment(tmp_path, backend))
    assert (answer.value, answer.trouble[:12]) == (None, "the keychain")


def test_what_a_keychain_says_of_its_troubles_is_not_repeated(tmp_path: Path) -> None:
    answer = keychain.ask("set", "A", environment(tmp_path, "tests.support.keychains.Refusing"), VALUE)
    assert answer.trouble == "the keychain refused: RuntimeError"


def test_a_python_without_the_package(tmp_path: Path) -> None:
    (tmp_path / "keyring.py").write_text("raise ImportError")
    around = {**environment(tmp_path, "tests.support.keychains.Sound"), "PYTHONPATH": str(tmp_path)}
    assert keychain.ask("get", "A", around) == Answer()
    assert keychain.ask("set", "A", around, VALUE) == Answer(trouble="the package keyring is not installed")


def test_a_headless_machine_is_not_asked() -> None:
    assert not keychain.is_there({"HOME": "/"}, "linux")
    assert keychain.is_there({}, "darwin")
    assert keychain.is_there({"DBUS_SESSION_BUS_ADDRESS": "unix:path=/run/user/1/bus"}, "linux")

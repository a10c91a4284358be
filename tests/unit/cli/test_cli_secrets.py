"""`secrets` and `config`: what they print and keep, and that no value is on a command line or echoed."""

import json
import os
import pty
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cluster.cli.main import app
from cluster.cli.secret import user_file
from cluster.home import api_key
from cluster.home.secret_changes import put
from tests.support.keychains import FILE
from tests.support.processes import PATIENCE_S, ROOT

KEY = "ANTHROPIC_API_KEY"
CANARY = "sk-ant-api03-canary-for-the-commands"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.delenv(KEY, raising=False)
    api_key.ask_keychain.cache_clear()
    yield tmp_path / "mnemosyne"
    api_key.ask_keychain.cache_clear()


@pytest.fixture
def keychain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "tests.support.keychains.Sound")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv(FILE, str(tmp_path / "keychain"))
    return tmp_path / "keychain"


def mnemosyne(*arguments: str, given: str | None = None) -> tuple[int, str, str]:
    """Exit code, output, errors."""
    done = CliRunner().invoke(app, arguments, input=given)
    if done.exception and not isinstance(done.exception, SystemExit):
        return getattr(done.exception, "exit_code", -1), done.stdout, str(done.exception)
    return done.exit_code, done.stdout, done.stderr


def facts(*arguments: str, given: str | None = None) -> dict[str, object]:
    code, out, err = mnemosyne(*arguments, "--json", given=given)
    assert code == 0, err
    told = json.loads(out)
    assert isinstance(told, dict)
    return told


def test_from_nothing_to_a_secret_and_back(folder: Path) -> None:
    assert "is not there yet" in mnemosyne("secrets", "info")[1]
    assert mnemosyne("secrets", "list") == (0, "", "")
    assert not folder.exists(), "looking makes nothing"
    assert facts("secrets", "init")["made"] is True
    assert facts("secrets", "init")["made"] is False
    assert facts("secrets", "set", "B", "-", given="zwei\n") == {
        "name": "B",
        "file": str(folder / "secrets.age"),
        "overridden": False,
    }
    assert mnemosyne("secrets", "set", KEY, "-", given=f"{CANARY}\n")[0] == 0
    assert mnemosyne("secrets", "list")[1] == f"{KEY}\nB\n"
    assert facts("secrets", "list") == {"names": [KEY, "B"]}
    assert mnemosyne("secrets", "get", "B") == (0, "zwei\n", "")
    assert facts("secrets", "get", KEY) == {"name": KEY, "value": CANARY, "place": "secrets file"}
    assert facts("secrets", "delete", "B") == {"name": "B", "deleted": True}
    for arguments in (("get", "B"), ("delete", "B")):
        code, out, err = mnemosyne("secrets", *arguments)
        assert (code, out, "there is no secret B" in err) == (2, "", True)


def test_info_says_where_and_how_many_and_who_may_read_it_and_no_value(folder: Path) -> None:
    put(user_file(), KEY, CANARY)
    (folder / "identity.key").chmod(0o644)
    told = facts("secrets", "info")
    assert told == {
        "file": str(folder / "secrets.age"),
        "identity": str(folder / "identity.key"),
        "there": True,
        "count": 1,
        "modes": {"mnemosyne": "0700", "secrets.age": "0600", "identity.key": "0644"},
        "open_to_others": [str(folder / "identity.key")],
    }
    out = mnemosyne("secrets", "info")[1]
    assert f"chmod go= {folder / 'identity.key'}" in out
    assert CANARY not in out
    code, out, _ = mnemosyne("doctor", "--home", str(folder))
    assert (code, f"warning: secrets: open to other users: {folder / 'identity.key'}" in out) == (1, True)


@pytest.mark.parametrize(
    "arguments",
    [
        ("secrets", "set", KEY, CANARY),
        ("secrets", "set", KEY, "-", CANARY),
        ("config", "set-key", CANARY),
        ("config", "set-key", CANARY, CANARY),
        ("secrets", "set", f"{CANARY} "),
    ],
)
def test_a_value_on_the_command_line_is_refused_and_not_repeated(arguments: tuple[str, ...], folder: Path) -> None:
    code, out, err = mnemosyne(*arguments)
    assert code == 2
    assert CANARY not in out + err
    assert not folder.exists()


@pytest.mark.parametrize("given", ["", "\n", "two words\n", "ключ\n", "a\nb\n", "x" * (1 << 20), "\udcff"])
def test_what_cannot_be_a_key_is_refused_and_nothing_changes(given: str, folder: Path) -> None:
    put(user_file(), KEY, CANARY)
    data = given.encode(errors="surrogateescape")
    for command in (("secrets", "set", KEY, "-"), ("config", "set-key", "-")):
        done = CliRunner().invoke(app, command, input=data)
        assert getattr(done.exception, "exit_code", None) == 2, done.output
        assert len(given) < 2 or given not in str(done.exception)
    assert user_file().read() == {KEY: CANARY}


def test_without_a_terminal_nobody_is_asked(folder: Path) -> None:
    code, _, err = mnemosyne("secrets", "set", KEY, given=CANARY)
    assert (code, "no terminal" in err, "end the command with -" in err) == (2, True, True)
    assert not folder.exists()


def test_a_damaged_file_is_refused_before_anybody_types_anything(folder: Path) -> None:
    put(user_file(), KEY, CANARY)
    (folder / "secrets.age").write_text("x")
    for arguments in (("secrets", "set", KEY), ("config", "set-key"), ("secrets", "list"), ("secrets", "init")):
        code, _, err = mnemosyne(*arguments)
        assert (code, "backup" in err) == (2, True)
    assert (folder / "secrets.age").read_text() == "x"
    code, out, _ = mnemosyne("doctor", "--home", str(folder))
    assert (code, "broken: secrets:" in out, "broken: key:" in out) == (2, True, True)


def test_the_key_is_shown_masked_and_from_where(monkeypatch: pytest.MonkeyPatch) -> None:
    code, out, err = mnemosyne("config", "show-key")
    assert (code, out, "set-key" in err) == (2, "", True)
    assert facts("config", "set-key", "-", given=CANARY) == {"place": "secrets file", "notes": []}
    assert mnemosyne("config", "show-key") == (0, "sk-ant-…ands (from the secrets file)\n", "")
    monkeypatch.setenv(KEY, "another-key-of-more-than-24-letters")
    assert facts("config", "show-key") == {"key": "…ters", "place": "environment"}
    monkeypatch.setenv(KEY, "sk-ant-short")
    assert facts("config", "show-key")["key"] == "…"
    notes = facts("config", "set-key", "-", given="odd")["notes"]
    assert notes == [
        "it does not begin with sk-ant-, as keys of Anthropic do",
        "the one in the environment comes first",
    ]
    assert facts("secrets", "set", KEY, "-", given=CANARY)["overridden"] is True
    assert mnemosyne("secrets", "get", KEY)[1:] == ("sk-ant-short\n", "(from the environment)\n")
    assert facts("config", "delete-key") == {"deleted": ["secrets file"], "in_environment": True}
    code, out, _ = mnemosyne("config", "delete-key")
    assert (code, out) == (0, f"No key was kept. The variable {KEY} is still set.\n")


def test_a_key_in_the_keychain(keychain: Path) -> None:
    assert facts("config", "set-key", "-", "--keychain", given=CANARY)["place"] == "keychain"
    assert json.loads(keychain.read_text()) == {f"mnemosyne/{KEY}": CANARY}
    assert not user_file().folder.exists()
    api_key.ask_keychain.cache_clear()
    assert facts("config", "show-key") == {"key": "sk-ant-…ands", "place": "keychain"}
    out = mnemosyne("doctor", "--home", str(keychain.parent / "home"))[1]
    assert "ok: key: found in the keychain" in out
    assert facts("config", "delete-key") == {"deleted": ["keychain"], "in_environment": False}
    assert json.loads(keychain.read_text()) == {}


def test_a_machine_without_a_keychain_says_what_to_do_instead() -> None:
    code, _, err = mnemosyne("config", "set-key", "-", "--keychain", given=CANARY)
    assert (code, "no keychain" in err, "without --keychain" in err) == (2, True, True)


@pytest.mark.parametrize("command", [("secrets", "init"), ("secrets", "set", KEY), ("config", "set-key")])
def test_what_is_typed_at_a_terminal_is_not_shown(command: tuple[str, ...]) -> None:
    pid, terminal = pty.fork()
    if not pid:
        os.execve(sys.executable, [sys.executable, "-m", "cluster", *command], {**os.environ, "PYTHONPATH": str(ROOT)})
    shown, asked = b"", False
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        try:
            shown += (read := os.read(terminal, 1000))
        except OSError:  # the other side is closed
            break
        if not read:
            break
        if b"(not shown): " in shown and not asked:
            asked = True
            os.write(terminal, f"{CANARY}\n".encode())
    os.close(terminal)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0, shown
    assert asked
    assert CANARY.encode() not in shown
    assert user_file().read() == {KEY: CANARY}


def test_no_command_pays_for_what_it_does_not_use() -> None:
    code = "import sys, cluster.cli.main; sys.exit(len({'pyrage', 'keyring'} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, check=False
    )
    assert done.returncode == 0

"""The launcher: prepares the environment once, survives kills, runs our code from any working directory."""

import json
import os
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
TOOLS = ("sh", "dirname", "readlink", "cat", "mkdir", "rm", "mv", "cp", "ln", "flock", "printf", "kill")
"""What the launcher and the fakes may use of the machine."""

UV = """#!/bin/sh
# Notes what it is asked for. `venv` takes the interpreter of these tests, `pip` does as $UV_DOES says.
echo "$1" >>"{log}"
case $1 in
    venv)
        for folder; do :; done
        mkdir -p "$folder/bin" && ln -s "{python}" "$folder/bin/python"
        ;;
    pip)
        case ${{UV_DOES-}} in
            fail) echo "no route to the index" >&2; exit 2 ;;
            die) kill -9 0 ;;
            wait) cat "{gate}" ;;
        esac
        ;;
esac
"""

PYTHON3 = """#!/bin/sh
# A system Python with pip ($PYTHON_HAS=pip), with venv or with neither; its pip installs the fake uv.
install() {{ mkdir -p "$1/bin" && cp "{uv}" "$1/bin/uv"; }}
case "$*" in
    "-c "*) ;;
    "-m pip --version") [ "${{PYTHON_HAS-}}" = pip ] ;;
    "-m pip install"*)
        until [ "$1" = --target ]; do shift; done
        install "$2"
        ;;
    "-m venv "*)
        [ "${{PYTHON_HAS-}}" = venv ] || exit 1
        mkdir -p "$3/bin"
        printf '#!/bin/sh\\nmkdir -p "%s/bin"\\ncp "{uv}" "%s/bin/uv"\\n' "$3" "$3" >"$3/bin/python"
        chmod +x "$3/bin/python"
        ;;
esac
"""

MAIN = "import actors, json, os, sys; print(json.dumps([sys.argv[1:], os.getcwd(), actors.__file__]))"


class Checkout:
    """A checkout in a folder with a space in its name, on a machine of which only `path` exists."""

    def __init__(self, folder: Path) -> None:
        self.home = folder / "a checkout"
        self.path = folder / "path"
        self.elsewhere = folder / "elsewhere"
        self.log = folder / "uv.log"
        self.gate = folder / "gate"
        self.spare_uv = folder / "spare-uv"
        for name in ("actors", "cluster"):
            (self.home / name).mkdir(parents=True)
            (self.home / name / "__init__.py").touch()
        (self.home / "cluster" / "__main__.py").write_text(MAIN)
        (self.home / "requirements.lock").write_text("some==1\n")
        shutil.copy(ROOT / "mnemosyne", self.home)
        self.elsewhere.mkdir()
        self.path.mkdir()
        os.mkfifo(self.gate)
        for tool in (*TOOLS, "chmod"):
            if found := shutil.which(tool):
                (self.path / tool).symlink_to(found)
        self.write(self.spare_uv, UV.format(log=self.log, gate=self.gate, python=sys.executable))
        shutil.copy(self.spare_uv, self.path / "uv")

    def write(self, file: Path, text: str) -> None:
        file.write_text(text)
        file.chmod(file.stat().st_mode | stat.S_IXUSR)

    def start(self, *arguments: str, command: Path | None = None, **environment: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [str(command or self.home / "mnemosyne"), *arguments],
            cwd=self.elsewhere,
            env={"PATH": str(self.path), "HOME": str(self.elsewhere), **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def run(self, *arguments: str, command: Path | None = None, **environment: str) -> tuple[int, str, str]:
        """Exit code, output and errors."""
        with self.start(*arguments, command=command, **environment) as process:
            out, err = process.communicate(timeout=30)
        return process.returncode, out, err

    def asked(self) -> list[str]:
        """What uv was asked for since the last time, but for its version."""
        words = self.log.read_text().split() if self.log.exists() else []
        self.log.write_text("")
        return [word for word in words if word != "--version"]

    def ours(self, *arguments: str) -> str:
        """What our code prints when it is run with these arguments."""
        return json.dumps([list(arguments), str(self.elsewhere), str(self.home / "actors" / "__init__.py")]) + "\n"


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path.resolve())


def test_first_call_installs_and_later_calls_are_silent(checkout: Checkout) -> None:
    code, out, err = checkout.run("run", "a plan.yaml", "*")
    assert (code, out) == (0, checkout.ours("run", "a plan.yaml", "*"))
    assert err.splitlines() == [f"mnemosyne: installing the locked environment into {checkout.home}/.venv"]
    assert checkout.asked() == ["venv", "pip"]
    assert checkout.run() == (0, checkout.ours(), "")
    assert checkout.asked() == []


def test_changed_lock_is_installed_into_the_same_environment(checkout: Checkout) -> None:
    checkout.run()
    checkout.asked()
    (checkout.home / "requirements.lock").write_text("some==2\n")
    assert checkout.run()[0] == 0
    assert checkout.asked() == ["pip"]


def test_setup_only_prepares(checkout: Checkout) -> None:
    code, out, _ = checkout.run("--setup")
    assert (code, out, checkout.asked()) == (0, "", ["venv", "pip"])


def test_environment_of_an_unfit_python_is_made_anew(checkout: Checkout) -> None:
    checkout.run()
    checkout.asked()
    python = checkout.home / ".venv" / "bin" / "python"
    python.unlink()
    python.symlink_to("/nowhere/python")
    assert checkout.run()[0] == 0
    assert checkout.asked() == ["venv", "pip"]


@pytest.mark.parametrize(("does", "code"), [("fail", 4), ("die", -signal.SIGKILL)])
def test_interrupted_installation_begins_anew(checkout: Checkout, does: str, code: int) -> None:
    assert checkout.run(UV_DOES=does)[0] == code
    checkout.asked()
    assert checkout.run()[:2] == (0, checkout.ours())
    assert checkout.asked() == ["venv", "pip"]


def test_killed_update_is_noticed_even_if_the_lock_goes_back(checkout: Checkout) -> None:
    checkout.run()
    (checkout.home / "requirements.lock").write_text("some==2\n")
    assert checkout.run(UV_DOES="die")[0] == -signal.SIGKILL
    (checkout.home / "requirements.lock").write_text("some==1\n")
    checkout.asked()
    assert checkout.run()[0] == 0
    assert checkout.asked() == ["venv", "pip"]


def test_failed_installation_gives_the_reason_and_a_sentence(checkout: Checkout) -> None:
    code, out, err = checkout.run(UV_DOES="fail")
    assert (code, out) == (4, "")
    assert err.splitlines()[-2:] == [
        "no route to the index",
        "mnemosyne: the environment could not be installed (the reason is above); the next call tries again",
    ]


@pytest.mark.skipif(not shutil.which("flock"), reason="without flock the second launcher waits without a word")
def test_two_launchers_install_once(checkout: Checkout) -> None:
    with checkout.start("first", UV_DOES="wait") as first:
        with checkout.gate.open("w"):  # opens when the first launcher's uv waits at its other end
            second = checkout.start("second")
            assert second.stderr is not None
            assert "waiting" in second.stderr.readline()
        assert first.communicate(timeout=30)[0] == checkout.ours("first")
    with second:
        assert second.communicate(timeout=30)[0] == checkout.ours("second")
    assert checkout.asked() == ["venv", "pip"]


def test_folders_of_the_user_do_not_shadow_ours(checkout: Checkout) -> None:
    for name in ("actors", "cluster", "json"):
        (checkout.elsewhere / name).mkdir()
        (checkout.elsewhere / name / "__init__.py").write_text("raise SystemExit('shadowed')")
    assert checkout.run(PYTHONPATH=str(checkout.elsewhere), PYTHONHOME="/nowhere")[:2] == (0, checkout.ours())


def test_found_through_symbolic_links(checkout: Checkout) -> None:
    (checkout.elsewhere / "link").symlink_to("../a checkout/mnemosyne")
    (checkout.path / "mnemo").symlink_to(checkout.elsewhere / "link")
    assert checkout.run(command=checkout.path / "mnemo")[:2] == (0, checkout.ours())


@pytest.mark.parametrize("has", ["pip", "venv"])
def test_missing_uv_is_installed_beside_the_launcher(checkout: Checkout, has: str) -> None:
    (checkout.path / "uv").unlink()
    checkout.write(checkout.path / "python3", PYTHON3.format(uv=checkout.spare_uv))
    code, out, err = checkout.run(PYTHON_HAS=has)
    assert (code, out) == (0, checkout.ours()), err
    assert f"installing uv into {checkout.home}/.tools" in err
    assert checkout.asked() == ["venv", "pip"]


def without_python(checkout: Checkout) -> None:
    (checkout.path / "uv").unlink()


def with_bare_python(checkout: Checkout) -> None:
    (checkout.path / "uv").unlink()
    checkout.write(checkout.path / "python3", PYTHON3.format(uv=checkout.spare_uv))


def with_tools_unwritable(checkout: Checkout) -> None:
    (checkout.home / ".tools").touch()  # what a read-only folder is to mkdir, for root as well


@pytest.mark.parametrize(
    ("machine", "sentence"),
    [
        (without_python, "python3 is missing; install Python 3.11 or 3.12, or uv, then try again"),
        (with_bare_python, "python3 has neither pip nor venv; install uv"),
        (with_tools_unwritable, "is read-only and its environment is not up to date; make the folder writable"),
    ],
)
def test_hopeless_machine_gets_one_sentence(
    checkout: Checkout, machine: Callable[[Checkout], None], sentence: str
) -> None:
    machine(checkout)
    code, out, err = checkout.run()
    assert (code, out) == (4, "")
    assert sentence in err.splitlines()[-1]
    assert not (checkout.home / ".venv").exists()


def test_read_only_checkout_that_is_ready_runs(checkout: Checkout) -> None:
    checkout.run()
    shutil.rmtree(checkout.home / ".tools")
    with_tools_unwritable(checkout)
    assert checkout.run() == (0, checkout.ours(), "")

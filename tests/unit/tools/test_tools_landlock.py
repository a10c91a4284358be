"""What the kernel keeps a command from."""

import asyncio
import subprocess
from pathlib import Path

import pytest

from actors.settings import CommandSettings
from actors.tools import landlock
from actors.tools.command import RunCommand
from actors.tools.launch import Confines
from tests.support.workspaces import Run, runner

confined = pytest.mark.skipif(landlock.abi() < 6, reason="this kernel cannot confine")


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return runner(tmp_path)


@confined
def test_it_touches_nothing_outside_the_workspace(run: Run, tmp_path: Path) -> None:
    secret = tmp_path / "home" / "secrets.json"
    secret.parent.mkdir(exist_ok=True)
    secret.write_text("the key")
    told = run(
        f"cat {secret}; ls {tmp_path}; echo x > {secret}; ln {secret} mine; ln -s {secret} soft; cat soft;"
        f" mv {secret} here; rm {secret}; cat ../secrets.json; echo x > {tmp_path}/stray; touch inside"
    )
    assert "the key" not in told.text
    assert told.text.count("denied") >= 7
    assert secret.read_text() == "the key"
    assert not (tmp_path / "stray").exists()
    assert (tmp_path / "home" / "workspace" / "inside").exists()


@confined
def test_a_workspace_below_a_readable_folder_makes_nothing_else_readable(tmp_path: Path) -> None:
    home = tmp_path / "home"
    (home / "workspace").mkdir(parents=True)
    (home / "secret").write_text("the key")
    tool = RunCommand(Confines(home / "workspace", home, readable=(str(tmp_path),)), CommandSettings())
    said = asyncio.run(tool.call({"command": "cat ../secret"}, "k"))
    assert said.error
    assert "the key" not in (said.data or "")


@confined
def test_it_cannot_look_into_other_processes_or_end_them(run: Run) -> None:
    bystander = subprocess.Popen(["sleep", "600"], env={"CANARY": "sk-canary"})
    try:
        told = run(f"tr '\\0' ' ' < /proc/{bystander.pid}/environ; kill -9 {bystander.pid}; kill -9 $PPID; echo on")
        assert "sk-canary" not in told.text
        assert "\non\n" in told.text
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()


@confined
def test_a_person_may_open_more(run: Run, tmp_path: Path) -> None:
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared" / "text").write_text("for everybody")
    command = f"cat {tmp_path}/shared/text; echo x > {tmp_path}/shared/new"
    told = run(command, {"readable": (str(tmp_path / "shared"),)})
    assert "for everybody" in told.text
    assert told.error
    assert not run(command, {"writable": (str(tmp_path / "shared"),)}).error

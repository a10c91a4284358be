"""The command line as a whole: its help, its reference, its completion, and what becomes of errors."""

import asyncio
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import apsw
import pytest
import typer
from typer.testing import CliRunner

from actors.errors import ModelMissing, PlanRefused, StaleTerm
from actors.stores.group import GroupStore
from cluster.cli import docs
from cluster.cli.faults import fault
from cluster.cli.main import app
from tests.support.histories import accept, items
from tests.support.homes import make_home

ROOT = Path(__file__).parents[3]
COMMANDS = dict(docs.commands())


def mnemosyne(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "cluster", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT, env=environment or None)


def test_the_reference_is_up_to_date() -> None:
    assert docs.PATH.read_text(encoding="utf-8") == docs.page(), "python -m cluster.cli.docs"


def test_a_command_loads_no_server_no_database_and_no_ray() -> None:
    """Whoever asks for a status does not wait for libraries that only some processes need."""
    heavy = "{'starlette', 'sse_starlette', 'uvicorn', 'prometheus_client', 'psycopg', 'ray', 'anthropic'}"
    code = f"import sys, cluster.cli.main; print(*{heavy} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=ROOT)
    assert (done.stdout, done.stderr, done.returncode) == ("\n", "", 0)


def test_every_command_and_option_of_the_contract_is_there() -> None:
    assert {"run", "resume", "status", "results", "events", "agents", "doctor"} <= COMMANDS.keys()
    assert {"cancel", "pause", "continue", "plan check", "plan schema", "plan show"} <= COMMANDS.keys()
    options = {name: {opt for param in command.params for opt in param.opts} for name, command in COMMANDS.items()}
    assert {"--key", "--model", "--home", "--json", "--detach", "--wait"} <= options["run"]
    assert all("--json" in options[name] for name in ("status", "results", "events", "agents", "doctor", "plan check"))


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_a_help_text_with_an_example_that_it_takes(name: str) -> None:
    command, lines = COMMANDS[name], docs.examples(COMMANDS[name])
    assert lines
    for line in lines:
        assert "\n" not in line
        words = shlex.split(line.partition(" > ")[0])[1:]
        assert words[: len(name.split())] == name.split()
        command.make_context(name, words[len(name.split()) :]).close()
    assert all(param.help for param in command.params)
    told = CliRunner().invoke(app, [*name.split(), "--help"]).output
    assert "Example" in told


def test_a_mistyped_command_gets_the_nearest_one() -> None:
    done = CliRunner().invoke(app, ["stauts"])
    assert done.exit_code == 2
    assert "status" in done.output


@pytest.mark.parametrize(
    ("error", "code", "told"),
    [
        (PlanRefused("a\nb"), 2, "a\nb"),
        (ModelMissing("no"), 4, "no"),
        (ExceptionGroup("g", [ExceptionGroup("h", [StaleTerm("another driver")])]), 4, "another driver"),
        (OSError(28, "No space left on device", "/the/file"), 4, "/the/file: no space left on device"),
        (apsw.CorruptError("malformed"), 4, "the store cannot be used: malformed"),
        (apsw.BusyError("busy"), 4, "try again"),
    ],
)
def test_foreseeable_faults_are_sentences(error: Exception, code: int, told: str) -> None:
    found = fault(error)
    assert found is not None
    assert (found.code, told in found.message) == (code, True)


@pytest.mark.parametrize("error", [KeyError("x"), OSError("no reason"), ExceptionGroup("g", [StaleTerm(), KeyError()])])
def test_what_nobody_foresaw_keeps_its_traceback(error: Exception) -> None:
    assert fault(error) is None


def test_errors_go_to_standard_error_and_nothing_of_them_reaches_the_terminal_raw() -> None:
    done = mnemosyne("run", "no\x1b[2Jsuch.yaml")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("mnemosyne: no?[2Jsuch.yaml: there is no such file")
    assert done.stderr.count("\n") == 1


def completed(home: Path, *words: str) -> set[str]:
    """What a shell is offered for the last word."""
    line = ["mnemosyne", *words]
    asked = {"_MNEMOSYNE_COMPLETE": "complete_bash", "COMP_WORDS": "\n".join(line), "COMP_CWORD": str(len(line) - 1)}
    done = CliRunner().invoke(app, [], env={**asked, "MNEMOSYNE_HOME": str(home)}, prog_name="mnemosyne")
    return set(done.stdout.split())


@pytest.fixture
def home(tmp_path: Path) -> Path:
    asyncio.run(make_home(tmp_path))

    async def more() -> None:
        store = GroupStore(tmp_path / "store.db")
        await accept(store, items(a=[]), run="r2", key="two words", name="x\ny")
        await store.close()

    asyncio.run(more())
    return tmp_path


def test_completion_of_commands_options_and_runs(home: Path) -> None:
    assert completed(home, "re") == {"recall", "remember", "resume", "results"}
    assert completed(home, "plan", "") == {"check", "cost", "schema", "show"}
    assert "--detach" in completed(home, "run", "--d")
    for command in ("status", "results", "events", "resume", "cancel", "pause", "continue"):
        assert completed(home, command, "") == {"r", "r2", "monday"}, "but no key that a shell would take apart"
    assert completed(home, "status", "m") == {"monday"}


def test_completion_is_silent_where_there_is_nothing(tmp_path: Path) -> None:
    assert completed(tmp_path, "status", "") == set()
    (tmp_path / "store.db").write_text("no store " * 1000)
    assert completed(tmp_path, "status", "") == set()


def test_completion_is_installed_for_the_name_of_the_launcher(home: Path, tmp_path: Path) -> None:
    launcher = tmp_path / "bin" / "mnemosyne"
    launcher.parent.mkdir()
    launcher.write_text(f'#!/bin/sh\nPYTHONPATH="{ROOT}" exec "{sys.executable}" -m cluster "$@"\n')
    launcher.chmod(0o755)
    script = """
        mnemosyne --install-completion || exit 1
        . "$HOME/.bashrc"
        complete -p mnemosyne
        COMP_WORDS=(mnemosyne status mon) COMP_CWORD=2
        _mnemosyne_completion mnemosyne
        echo "offered: ${COMPREPLY[*]}"
    """
    environment = {"HOME": str(tmp_path), "PATH": f"{launcher.parent}:/usr/bin:/bin", "MNEMOSYNE_HOME": str(home)}
    command = ["bash", "--norc", "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    assert "complete -o default -F _mnemosyne_completion mnemosyne" in done.stdout
    assert "offered: monday" in done.stdout


def test_help_names_the_program_and_not_its_module() -> None:
    done: Any = mnemosyne("run", "--help")
    assert re.search(r"Usage: mnemosyne run \[OPTIONS\]", done.stdout)
    assert isinstance(app, typer.Typer)

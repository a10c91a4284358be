"""The command line within this process."""

import json
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from cluster.cli import main
from cluster.cli.faults import fault


def call(home: Path, *arguments: str) -> tuple[int, str]:
    """Exit code, and what is said to people."""
    done = CliRunner().invoke(main.app, [*arguments, "--home", str(home)])
    if done.exception and not isinstance(done.exception, SystemExit):
        told = fault(done.exception)
        if told is None:
            raise done.exception
        return told.code, told.message
    return done.exit_code, done.output


def facts(home: Path, *arguments: str) -> Any:
    """What it tells machines."""
    code, said = call(home, *arguments, "--json")
    assert code == 0, said
    return json.loads(said)

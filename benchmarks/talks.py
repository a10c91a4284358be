"""W8: what a conversation of 200 turns takes on disk, turn by turn: ours, LangGraph and DBOS, all in SQLite.

    python -m benchmarks.talks

Each turn is 1,000 characters of the model, then 1,000 of a tool. A conversation of 50, 100, 150 and 200 turns is held
from the beginning, in a file of its own; what counts is the file once its process has closed it.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks import players
from benchmarks.peers.environments import ROOT, python_of, versions
from benchmarks.report import kept

TURNS = (50, 100, 150, 200)
CHARACTERS = 1000
LIMIT_S = 120.0

SYSTEMS = {
    "mnemosyne": ("", "benchmarks.our_talk", "{folder}"),
    "LangGraph, SQLite": ("langgraph", "benchmarks.peers.langgraph.talk", "{folder}"),
    "DBOS, SQLite": ("dbos", "benchmarks.peers.dbos.talk", "sqlite:///{folder}/dbos.sqlite"),
}
"""The peer's name, the module, where it keeps it."""


def hold(system: str, turns: int) -> int:
    """Bytes of all files that a conversation leaves."""
    peer, module, place = SYSTEMS[system]
    asked = {"turns": turns, "said": "s" * CHARACTERS, "result": "r" * CHARACTERS}
    with tempfile.TemporaryDirectory(prefix="talk-") as folder:
        python = str(python_of(peer)) if peer else sys.executable
        command = [python, "-m", module, place.format(folder=folder), json.dumps(asked)]
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "LANGSMITH_TRACING": ""}
        options = {"cwd": ROOT, "env": environment, "capture_output": True, "text": True, "timeout": LIMIT_S}
        subprocess.run(command, check=True, **options)  # type: ignore[call-overload]
        return sum(file.stat().st_size for file in Path(folder).iterdir())


def measure() -> Iterator[dict[str, Any]]:
    """All of them; what is known after each."""
    taken, failed = dict[str, dict[int, int]](), dict[str, str]()
    for system in SYSTEMS:
        try:
            taken[system] = {turns: hold(system, turns) for turns in TURNS}
        except (OSError, subprocess.SubprocessError) as error:
            failed[system] = players.reason(error)
        print(system, taken.get(system) or failed[system], flush=True)
        yield {
            "versions": versions("langgraph", "dbos"),
            "turns": TURNS,
            "characters": CHARACTERS,
            "bytes": taken,
            "missing": failed,
        }


if __name__ == "__main__":
    kept.run("talks", measure())

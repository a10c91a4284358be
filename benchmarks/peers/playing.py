"""A player: a process with one or more systems, each of which carries out a work graph when it is asked to.

A line of JSON comes in, {"system", "workload", "size"}; a line goes out, {"seconds", "journal"} or {"error"}: the bytes
of what is on disk by then, if that is known. The first line out says the versions of what is measured. Nothing but the
standard library, and run as a module from the project's root.
"""

import asyncio
import json
import os
import sys
import traceback
from collections.abc import Awaitable, Callable, Iterable, Mapping
from importlib.metadata import version
from pathlib import Path

from benchmarks.workloads import WORKLOADS, Edges

System = Callable[[Edges], Awaitable[float]]
"""A graph to the seconds that it took; raises if the sum of its values is not the expected one."""


def bytes_of(database: Path) -> int:
    """Of an SQLite database, with what is in its log."""
    return sum(file.stat().st_size for file in database.parent.glob(f"{database.name}*"))


async def play(
    systems: Mapping[str, System], distributions: Iterable[str], journals: Mapping[str, Path] | None = None
) -> None:
    """Until nobody asks any more. `journals`: the databases of those systems that have one in a file."""
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # whatever a library prints is no answer
    print(json.dumps({name: version(name) for name in distributions}), file=answers)
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        asked = json.loads(line)
        edges = WORKLOADS[asked["workload"]](asked["size"])
        try:
            told: dict[str, object] = {"seconds": await systems[asked["system"]](edges)}
            if journal := (journals or {}).get(asked["system"]):
                told["journal"] = bytes_of(journal)
        except Exception as error:
            traceback.print_exc()
            told = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(told), file=answers)

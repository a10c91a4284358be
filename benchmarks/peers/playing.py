"""A player: a process with one or more systems, each of which carries out a work graph when it is asked to.

A line of JSON comes in, {"system", "workload", "size", "at_once", "api"}; a line goes out, {"seconds", "journal"} or
{"error"}: the bytes of what is on disk by then, if that is known. The first line out says the versions of what is
measured. Where an API is told, items ask it through the SDK; else they do nothing, and it takes nothing but the
standard library. Run as a module from the project's root.
"""

import asyncio
import json
import os
import sys
import time
import traceback
from collections.abc import Awaitable, Callable, Iterable, Mapping
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.peers.asking import Asking
from benchmarks.walking import Call, expected, no_operation
from benchmarks.workloads import WORKLOADS, Edges


class Work(NamedTuple):
    """What is done for an item, for how many of them at once, and where they ask."""

    call: Call
    at_once: int | None
    api: Mapping[str, str] | None


System = Callable[[Edges, Work], Awaitable[float]]
"""A graph to the seconds that it took; raises if the sum of its values is not the expected one."""


async def timed(edges: Edges, found: Awaitable[int]) -> float:
    """Seconds until the sum is there. Raises AssertionError if it is another one."""
    begin = time.perf_counter()
    total = await found
    spent = time.perf_counter() - begin
    assert total == expected(edges)
    return spent


@cache
def asking(api: str) -> Asking:
    """One client for each API, as JSON, and its connections."""
    return Asking(json.loads(api))


def work_of(asked: Mapping[str, Any]) -> Work:
    """What a line asks for."""
    api = asked.get("api")
    call = asking(json.dumps(api)).call if api else no_operation
    return Work(call, asked.get("at_once"), api)


def bytes_of(database: Path) -> int:
    """Of an SQLite database, with what is in its log."""
    return sum(file.stat().st_size for file in database.parent.glob(f"{database.name}*"))


Answer = Callable[[Mapping[str, Any]], Awaitable[Mapping[str, Any]]]


async def answering(answer: Answer, distributions: Iterable[str]) -> None:
    """A line out for each line in, until nobody asks any more; what is raised is an answer too."""
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # whatever a library prints is no answer
    print(json.dumps({name: version(name) for name in distributions}), file=answers)
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        try:
            told = await answer(json.loads(line))
        except Exception as error:
            traceback.print_exc()
            told = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(told), file=answers)


async def play(
    systems: Mapping[str, System], distributions: Iterable[str], journals: Mapping[str, Path] | None = None
) -> None:
    """Until nobody asks any more. `journals`: the databases of those systems that have one in a file."""

    async def answer(asked: Mapping[str, Any]) -> Mapping[str, Any]:
        edges = WORKLOADS[asked["workload"]](asked["size"])
        seconds = await systems[asked["system"]](edges, work_of(asked))
        journal = (journals or {}).get(asked["system"])
        return {"seconds": seconds, **({"journal": bytes_of(journal)} if journal else {})}

    await answering(answer, distributions)

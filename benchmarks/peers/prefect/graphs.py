"""Prefect: an item is a task of one flow, with a server of its own in this process's care.

Plain: results are kept nowhere. Persisted: each result becomes a file before the task is complete, found again by the
task's inputs; the state of tasks goes to the server's SQLite (WAL, synchronous=NORMAL), some of it in the background.
"""

import asyncio
import uuid

from prefect import flow, task
from prefect.cache_policies import INPUTS, NO_CACHE

from benchmarks.peers.playing import System, Work, play, timed
from benchmarks.walking import no_operation, walk
from benchmarks.workloads import Edges

now = [Work(no_operation, None, None)]
"""What the tasks do: it is no input of theirs."""


@task(cache_policy=NO_CACHE, persist_result=False)
async def plain(number: int, parents: list[int]) -> int:
    """One item."""
    return await now[0].call(number, parents)


@task(cache_policy=INPUTS, persist_result=True)
async def persisted(_run: str, number: int, parents: list[int]) -> int:
    """One item of one run."""
    return await now[0].call(number, parents)


@flow
async def walked(edges: Edges, run: str) -> int:
    """All of them; persisted if the run has a name."""

    async def call(item: int, parents: list[int]) -> int:
        made: int = await (persisted(run, item, parents) if run else plain(item, parents))
        return made

    return await walk(edges, call, now[0].at_once)


def system(is_persisted: bool) -> System:
    """Either way."""

    async def run(edges: Edges, work: Work) -> float:
        now[0] = work
        return await timed(edges, walked(edges, uuid.uuid4().hex if is_persisted else ""))

    return run


if __name__ == "__main__":
    asyncio.run(play({"Prefect": system(False), "Prefect, results kept": system(True)}, ("prefect",)))

"""DBOS: an item is a step of one workflow, its system database in SQLite or PostgreSQL.

The result of a step is committed before the step returns, so dependents begin after it is on disk. The ids of all steps
are reserved first: only so may they run beside each other and be found again.

    python -m benchmarks.peers.dbos.graphs URL
"""

import asyncio
import sys

from dbos import DBOS

from benchmarks.peers.dbos.launched import launched
from benchmarks.peers.playing import Work, play, timed
from benchmarks.walking import no_operation, walk
from benchmarks.workloads import Edges

now = [Work(no_operation, None, None)]
"""What the steps do: it is no input of the workflow."""


@DBOS.workflow()
async def walked(edges: list[tuple[int, list[int]]]) -> int:
    """All of them."""
    graph, work = dict(edges), now[0]
    steps = {item: DBOS.reserve_step() for item in graph}

    async def step(item: int, parents: list[int]) -> int:
        made: int = await steps[item].run_async(None, work.call, item, parents)
        return made

    return await walk(graph, step, work.at_once)


async def one(edges: Edges) -> int:
    """One workflow."""
    handle = await DBOS.start_workflow_async(walked, list(edges.items()))
    return int(await handle.get_result())


async def run(edges: Edges, work: Work) -> float:
    """The same, timed."""
    now[0] = work
    return await timed(edges, one(edges))


def main(url: str) -> None:
    """Play."""
    with launched(url):
        kind = "SQLite" if url.startswith("sqlite") else "PostgreSQL"
        asyncio.run(play({f"DBOS, {kind}": run}, ("dbos",)))


if __name__ == "__main__":
    main(sys.argv[1])

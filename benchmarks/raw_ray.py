"""The floor to compare with: one call per item to Ray actors, nothing durable."""

import time
from typing import Any

from benchmarks.walking import expected, value, walk
from benchmarks.workloads import Edges


class Raw:
    """An async actor that does next to nothing."""

    async def noop(self, item: int, parents: list[int]) -> int:
        """See walking.value."""
        return value(item, parents)


async def raw(edges: Edges, agents: list[Any]) -> float:
    """Seconds to walk the graph with one awaited actor call per item."""
    begin = time.perf_counter()

    async def call(item: int, parents: list[int]) -> int:
        made: int = await agents[item % len(agents)].noop.remote(item, parents)
        return made

    found = await walk(edges, call)
    spent = time.perf_counter() - begin
    assert found == expected(edges)
    return spent

"""The floor to compare with: one call per item to Ray actors, nothing durable."""

import asyncio
import time
from typing import Any

from benchmarks.workloads import Edges


class Raw:
    """An async actor that does nothing."""

    async def noop(self, item: int) -> int:
        """The argument."""
        return item


class Counts:
    """Dependency counts of a workload."""

    def __init__(self, edges: Edges) -> None:
        self._left = {i: len(deps) for i, deps in edges.items()}
        self._children: dict[int, list[int]] = {i: [] for i in edges}
        for i, deps in edges.items():
            for d in deps:
                self._children[d].append(i)
        self.ready = [i for i, n in self._left.items() if not n]

    def close(self, item: int) -> None:
        """The item is done; what it released is in `ready`."""
        for child in self._children[item]:
            self._left[child] -= 1
            if not self._left[child]:
                self.ready.append(child)


async def raw(edges: Edges, agents: list[Any]) -> float:
    """Seconds to walk the graph with one awaited actor call per item."""
    graph, done, queue = Counts(edges), 0, asyncio.Queue[int]()
    tasks: set[asyncio.Task[None]] = set()
    begin = time.perf_counter()

    async def call(item: int) -> None:
        await agents[item % len(agents)].noop.remote(item)
        queue.put_nowait(item)

    while done < len(edges):
        ready, graph.ready = graph.ready, []
        for item in ready:
            task = asyncio.create_task(call(item))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
        graph.close(await queue.get())
        done += 1
    return time.perf_counter() - begin

"""Walks a work graph with one call per item: the driver of every system that brings none of its own.

Each item makes a small number of its own number and its parents' values, so that the sum of all tells whether every
item was done once, after its parents and with what they gave. Nothing but the standard library: peers import it.
"""

import asyncio
from collections.abc import Awaitable, Callable

from benchmarks.workloads import Edges

MODULUS = 1_000_003

Call = Callable[[int, list[int]], Awaitable[int]]
"""An item and the values of its parents to its value."""


def value(item: int, parents: list[int]) -> int:
    """What an item makes."""
    return (item + 1 + sum(parents)) % MODULUS


async def no_operation(item: int, parents: list[int]) -> int:
    """The same, where it is awaited."""
    return value(item, parents)


def expected(edges: Edges) -> int:
    """The sum of all values. Dependencies stand before their dependents."""
    values: dict[int, int] = {}
    for item, parents in edges.items():
        values[item] = value(item, [values[parent] for parent in parents])
    return sum(values.values())


class Counts:
    """Dependency counts of a work graph."""

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


async def walk(edges: Edges, call: Call, at_once: int | None = None) -> int:
    """The sum of all values; every ready item is called at once, or so many of them. Raises what a call raises."""
    graph, values, finished = Counts(edges), dict[int, int](), asyncio.Queue[int]()
    slots = asyncio.Semaphore(at_once) if at_once else None

    async def one(item: int) -> None:
        given = [values[parent] for parent in edges[item]]
        if slots:
            async with slots:
                values[item] = await call(item, given)
        else:
            values[item] = await call(item, given)
        finished.put_nowait(item)

    async with asyncio.TaskGroup() as group:
        for _ in edges:
            ready, graph.ready = graph.ready, []
            for item in ready:
                group.create_task(one(item))
            graph.close(await finished.get())
    return sum(values.values())

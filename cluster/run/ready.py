"""Which item next: the ready ones, by what has to be so before they may be assigned."""

import heapq
from collections.abc import Callable, Iterable
from typing import NamedTuple

from actors.work import Item, Role
from cluster.run.graph import WorkGraph

Key = tuple[int, int, int, int]


class ReadyQueue:
    """Items in the order of their keys."""

    def __init__(self) -> None:
        self._heap: list[tuple[Key, str]] = []
        self._members: dict[str, Key] = {}

    def __len__(self) -> int:
        return len(self._members)

    def push(self, item: str, key: Key) -> None:
        """Add an item."""
        self._members[item] = key
        heapq.heappush(self._heap, (key, item))

    def discard(self, item: str) -> None:
        """Take an item out."""
        del self._members[item]

    def head(self) -> tuple[Key, str] | None:
        """The next item with its key."""
        while self._heap:
            key, item = self._heap[0]
            if self._members.get(item) == key:
                return key, item
            heapq.heappop(self._heap)
        return None


class Needs(NamedTuple):
    """What has to be so before an item may be assigned."""

    role: Role
    model: str
    alone: bool
    rooted: bool = False
    """Its agent has to be where the run's workspace is."""


class ReadyItems:
    """Ready items: those put back least often, the longest path to the end, then priority, then the plan's order."""

    def __init__(self, graph: WorkGraph) -> None:
        self._places = {
            item.id: (-graph.height[item.id], -item.priority, position) for position, item in enumerate(graph.items)
        }
        self._height = graph.height
        self._queues: dict[Needs, ReadyQueue] = {}
        self._where: dict[str, ReadyQueue] = {}

    def __len__(self) -> int:
        return len(self._where)

    def __contains__(self, item: object) -> bool:
        return item in self._where

    def add(self, items: Iterable[Item]) -> None:
        """The graph has these too, behind those that it had."""
        for item in items:
            self._places[item.id] = (-self._height[item.id], -item.priority, len(self._places))

    def push(self, item: str, needs: Needs, requeues: int = 0) -> None:
        """Add an item; a second time does nothing."""
        if item not in self._where:
            queue = self._where[item] = self._queues.setdefault(needs, ReadyQueue())
            queue.push(item, (requeues, *self._places[item]))

    def discard(self, item: str) -> None:
        """Take an item out, if it is in."""
        if queue := self._where.pop(item, None):
            queue.discard(item)

    def pop(self, role: Role, may: Callable[[Needs], bool]) -> str | None:
        """The next item for this role of those that may be assigned."""
        fit = [queue for needs, queue in self._queues.items() if queue and needs.role is role and may(needs)]
        heads = [head for queue in fit if (head := queue.head())]
        if not heads:
            return None
        _, item = min(heads)
        self.discard(item)
        return item

    def needs(self) -> list[Needs]:
        """Of the items that are in."""
        return [needs for needs, queue in self._queues.items() if queue]

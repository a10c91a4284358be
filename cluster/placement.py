"""Which item next, and to which agent."""

import heapq
import math
from collections import defaultdict
from collections.abc import Iterator

from cluster.graph import WorkGraph

AHEAD_S = 0.1
"""An agent holds what it works on and what it will work on within this time, so that short items never wait for
the driver and long ones are not queued behind each other while another agent is free."""

WINDOW_MAX = 1024
"""Items; more brings nothing (docs/decisions/0001-spine.md)."""

SMOOTHING = 0.2
"""Weight of the newest item in the running mean of the seconds per item."""


class ReadyQueue:
    """Ready items: the longest path to the end first, then priority, then the plan's order."""

    def __init__(self, graph: WorkGraph) -> None:
        self._keys = {
            item.id: (-graph.height[item.id], -item.priority, position) for position, item in enumerate(graph.items)
        }
        self._heap: list[tuple[tuple[int, int, int], str]] = []
        self._members: set[str] = set()

    def __len__(self) -> int:
        return len(self._members)

    def push(self, item: str) -> None:
        """Add an item; a second time does nothing."""
        if item not in self._members:
            self._members.add(item)
            heapq.heappush(self._heap, (self._keys[item], item))

    def discard(self, item: str) -> None:
        """Take an item out, if it is in."""
        self._members.discard(item)

    def pop(self) -> str:
        """The next item. Raises IndexError when empty."""
        while True:
            _, item = heapq.heappop(self._heap)
            if item in self._members:
                self._members.remove(item)
                return item


class Load:
    """What one agent holds of this run."""

    __slots__ = ("concurrency", "held")

    def __init__(self) -> None:
        self.held: set[str] = set()
        self.concurrency = 0  # 0: takes no work


class Loads:
    """The agents' loads."""

    def __init__(self) -> None:
        self._loads: defaultdict[str, Load] = defaultdict(Load)
        self._seconds: float | None = None  # running mean of what an item takes

    def attach(self, agent: str, concurrency: int) -> set[str]:
        """The agent takes work; returns what it was given before."""
        load = self._loads[agent]
        load.concurrency = concurrency
        return set(load.held)

    def takes(self, agent: str) -> bool:
        """Whether the agent is attached."""
        return self._loads[agent].concurrency > 0

    def detach(self, agent: str) -> None:
        """The agent takes no work; what it was given stays its."""
        self._loads[agent].concurrency = 0

    def hold(self, agent: str, item: str) -> None:
        """The agent was given the item."""
        self._loads[agent].held.add(item)

    def drop(self, agent: str, item: str, seconds: float | None) -> None:
        """The agent is done with the item, after this many seconds of work if known."""
        self._loads[agent].held.discard(item)
        if seconds is not None:
            old = seconds if self._seconds is None else self._seconds
            self._seconds = old + SMOOTHING * (seconds - old)

    def window(self, concurrency: int) -> int:
        """Items that an agent of this concurrency may hold."""
        if self._seconds is None:
            return concurrency
        ahead = concurrency * AHEAD_S / max(self._seconds, 1e-6)
        return min(max(WINDOW_MAX, concurrency), concurrency + math.floor(ahead))

    def spread(self, items: int) -> Iterator[str]:
        """An agent for each of `items` items, always the least loaded; fewer where there is no more room."""
        free = [
            (len(load.held) / load.concurrency, agent, room)
            for agent, load in self._loads.items()
            if load.concurrency and (room := self.window(load.concurrency) - len(load.held)) > 0
        ]
        heapq.heapify(free)
        while items and free:
            share, agent, room = free[0]
            yield agent
            items -= 1
            after = (share + 1 / self._loads[agent].concurrency, agent, room - 1)
            heapq.heapreplace(free, after) if room > 1 else heapq.heappop(free)

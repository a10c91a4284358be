"""Whose call is next: the runs take turns by what they have used, and within a run the longest path goes first."""

import heapq
from collections.abc import Collection
from itertools import count

from actors.governor.needs import Need


class _Run:
    def __init__(self) -> None:
        self.heap: list[tuple[float, int, str]] = []
        self.waiting = 0
        self.used = 0.0


class Turns:
    """The calls that wait for one model. Nobody overtakes the one that is next: small calls do not starve a big one."""

    def __init__(self) -> None:
        self._runs: dict[str, _Run] = {}
        self._needs: dict[str, Need] = {}
        self.since: dict[str, float] = {}
        """When each began to wait."""
        self._next: Need | None = None
        self._used = (
            0.0  # by the run that was served last; a run that comes back begins here and not with what it saved
        )
        self._order = count()
        self._places: dict[str, tuple[float, int, str]] = {}
        """Of each among the calls of its run."""
        self._parked: dict[str, dict[str, Need]] = {}
        """Calls by the prefix that they wait for."""

    def __len__(self) -> int:
        return len(self._needs)

    def __contains__(self, id_: str) -> bool:
        return id_ in self._needs

    def add(self, need: Need, now: float = 0.0) -> None:
        """Let it wait; a second time does nothing."""
        if need.id in self._needs:
            return
        self._needs[need.id], self.since[need.id] = need, now
        self._places[need.id] = (-need.priority, next(self._order), need.id)
        self._enter(need)

    def withdraw(self, ids: Collection[str]) -> None:
        """These do not wait any more, if they did."""
        for id_ in ids:
            if need := self._needs.pop(id_, None):
                self._leave(need)

    def park(self) -> None:
        """The next call waits for something else, until `release`; others go before it."""
        need = self._next
        assert need is not None
        self._runs[need.run].waiting -= 1
        self._next = None
        self._parked.setdefault(need.prefix, {})[need.id] = need

    def release(self, prefix: str) -> None:
        """What was parked for this prefix waits for its turn again."""
        for need in self._parked.pop(prefix, {}).values():
            self._enter(need)

    def of(self, agent: str, before: float) -> list[str]:
        """Ids of the agent's calls from generations before this one."""
        return [id_ for id_, need in self._needs.items() if need.agent == agent and need.generation < before]

    def limited(self) -> list[Need]:
        """Those that wait for the model's limits and for nothing else."""
        return [need for id_, need in self._needs.items() if self._waits(id_)]

    def next(self) -> Need | None:
        """The call that is next, until it is taken or withdrawn."""
        if self._next is None and (waiting := [run for run in self._runs.values() if run.waiting]):
            run = min(waiting, key=lambda run: run.used)
            while not self._waits(run.heap[0][2]):
                heapq.heappop(run.heap)
            self._next = self._needs[run.heap[0][2]]
        return self._next

    def take(self, share: float) -> Need:
        """The next call goes; it uses this share of the model."""
        need = self._next
        assert need is not None
        run = self._runs[need.run]
        self._used = run.used
        run.used += share
        del self._needs[need.id]
        self._leave(need)
        return need

    def _waits(self, id_: str) -> bool:
        need = self._needs.get(id_)
        return need is not None and id_ not in self._parked.get(need.prefix, {})

    def _enter(self, need: Need) -> None:
        run = self._runs.get(need.run) or self._come(need.run)
        if not run.waiting:
            run.used = max(run.used, self._used)
        run.waiting += 1
        heapq.heappush(run.heap, self._places[need.id])

    def _come(self, name: str) -> _Run:
        self._runs = {known: run for known, run in self._runs.items() if run.waiting or run.used > self._used}
        run = self._runs[name] = _Run()
        return run

    def _leave(self, need: Need) -> None:
        del self.since[need.id], self._places[need.id]
        if self._parked.get(need.prefix, {}).pop(need.id, None):
            return
        if need is self._next:
            self._next = None
        run = self._runs[need.run]
        run.waiting -= 1
        if not run.waiting:
            run.heap.clear()

"""A model API with token buckets on a clock of its own, and agents that call it through a governor; no process.

`World(...).run()` lets every call end, or says which did not.
"""

import heapq
from collections import Counter
from collections.abc import Callable
from itertools import count
from random import Random
from typing import NamedTuple

from actors.governor.governor import Governor
from actors.governor.needs import Need, Permit, Told, Window, counted
from actors.work import Usage

MODEL = "claude-test"
TELLS = 0.8
"""How probably a beginning is told; else the answer's end tells it."""
CHARACTERS = 350
"""A call of 100 tokens by estimate."""


class ServerBucket:
    """The real one: full at the start."""

    def __init__(self, per_minute: float, burst_s: float) -> None:
        self.rate = per_minute / 60
        self.capacity = self.rate * burst_s
        self.level, self.used, self._at = self.capacity, 0.0, 0.0

    def has(self, amount: float, now: float) -> bool:
        self.level = min(self.capacity, self.level + (now - self._at) * self.rate)
        self._at = now
        return self.level >= min(amount, self.capacity)

    def take(self, amount: float) -> None:
        self.level -= amount
        self.used += amount

    def told(self) -> Window:
        return Window(self.rate * 60, max(0.0, self.level))


class Limits(NamedTuple):
    """Of the API: requests and input tokens per minute, and how much of that it lets through at once."""

    requests: float = 1200
    tokens: float = 120_000
    burst_s: float = 5.0


class Shape(NamedTuple):
    """How the world is."""

    calls: int = 300
    runs: int = 2
    concurrency: int = 50
    latency_s: float = 0.3
    arrival_s: float = 0.02
    """At most, from a grant to the server."""
    noise: float = 0.5
    """Real tokens are the estimate times 1 ± this."""
    prefixes: int = 0
    """Beginnings of prompts that calls share."""
    told_late: bool = False
    """Whether the headers tell the bucket as it is when the reply is sent, not when the call came."""


class World:
    """Calls go: reserve → grant → arrive → answer → settle. Each may be cut by a death of the agent or the governor."""

    def __init__(self, limits: Limits, shape: Shape, seed: int) -> None:
        self.limits, self.shape, self.random, self.now = limits, shape, Random(seed), 0.0
        self.server = (ServerBucket(limits.requests, limits.burst_s), ServerBucket(limits.tokens, limits.burst_s))
        self.governor = Governor({}, Random(seed))
        self.generation = Counter[str]()
        self.refused, self.done, self.grants = 0, 0, list[tuple[float, Permit]]()
        self._held: dict[str, Permit] = {}
        self._waiting: dict[str, Need] = {}
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._order, self._ids = count(), count()
        self._left = {f"run-{n}": shape.calls for n in range(shape.runs)}
        self._wake = 0.0
        self._last_told: Told | None = None
        self.at(0.0, self._fill)

    def at(self, when: float, what: Callable[[], None]) -> None:
        """Let it happen then."""
        heapq.heappush(self._events, (max(when, self.now), next(self._order), what))

    def run(self, until: float = 1e5) -> None:
        """Until nothing is left to do."""
        while self._events and not self.over:
            self.now, _, what = heapq.heappop(self._events)
            assert self.now < until, f"{self.done} calls are done, {len(self._waiting)} wait: {self.governor.lanes}"
            what()
            self._pump()
        assert self.over, f"{self.done} calls are done and nothing happens any more"

    @property
    def over(self) -> bool:
        """Whether every call was answered."""
        return self.done == self.shape.calls * self.shape.runs

    def share(self) -> float:
        """What was used of what the scarcer limit allowed, the full bucket of the start included."""
        return max(bucket.used / (bucket.capacity + bucket.rate * self.now) for bucket in self.server)

    def restart_governor(self) -> None:
        """It forgets everything; the agents tell what they hold and ask again for what they wait for."""
        self.governor = Governor({}, Random(0))
        if self._last_told:
            self.governor.recall(MODEL, self._last_told, self.now)
        self.governor.hold([permit.need for permit in self._held.values()], self.now)
        for need in self._waiting.values():
            self.governor.reserve([need], self.now)

    def kill_agent(self) -> None:
        """All that it held and waited for is lost and done again by the next generation."""
        self.generation["a"] += 1
        self.governor.began("a", self.generation["a"] + 1)
        for need in [*self._waiting.values(), *(permit.need for permit in self._held.values())]:
            self._left[need.run] += 1
        self._waiting, self._held = {}, {}
        self._fill()

    def _fill(self) -> None:
        while len(self._held) + len(self._waiting) < self.shape.concurrency and any(self._left.values()):
            run = self.random.choice([run for run, left in self._left.items() if left])
            self._left[run] -= 1
            characters = int(CHARACTERS * self.random.choice((0.5, 1, 1.5)))
            generation = self.generation["a"] + 1
            prefix = f"p{self.random.randrange(self.shape.prefixes)}" if self.shape.prefixes else ""
            need = Need(f"a/{next(self._ids)}", "a", generation, MODEL, run, 1, characters, 100, prefix)
            self._waiting[need.id] = need
            self.governor.reserve([need], self.now)

    def _pump(self) -> None:
        for permit in self.governor.grants(self.now):
            del self._waiting[permit.need.id]
            self._held[permit.need.id] = permit
            self.grants.append((self.now, permit))
            self.at(self.now + self.random.random() * self.shape.arrival_s, lambda p=permit: self._arrive(p))  # type: ignore[misc]
        wake = self.governor.wake_at(self.now)
        if wake is not None and not self.now < self._wake <= wake:
            self._wake = max(wake, self.now + 1e-6)
            self.at(self._wake, lambda: None)

    def _arrive(self, permit: Permit) -> None:
        tokens = permit.need.characters / 3.5 * (1 + self.shape.noise * self.random.uniform(-1, 1))
        if not all(b.has(a, self.now) for b, a in zip(self.server, (1, tokens), strict=True)):
            self.refused += 1
            self.at(self.now + 0.01, lambda: self._refuse(permit))
            return
        for bucket, amount in zip(self.server, (1, tokens), strict=True):
            bucket.take(amount)
        told = None if self.shape.told_late else self._told()
        usage = Usage(input_tokens=round(tokens), output_tokens=20)
        if permit.leads and self.random.random() < TELLS:
            self.at(self.now + self.shape.latency_s / 2, lambda: self._begin(permit))
        self.at(self.now + self.shape.latency_s, lambda: self._answer(permit, usage, told))

    def _begin(self, permit: Permit) -> None:
        if permit.need.id in self._held:
            self.governor.heard(permit.need, self.now)

    def _told(self) -> Told:
        return Told(self.server[0].told(), self.server[1].told())

    def _refuse(self, permit: Permit) -> None:
        if self._held.pop(permit.need.id, None):
            self.governor.throttle(MODEL, permit.need.id, 1.0, self._told(), self.now)
            self._left[permit.need.run] += 1
            self._fill()

    def _answer(self, permit: Permit, usage: Usage, told: Told | None) -> None:
        for bucket in self.server:
            bucket.has(0, self.now)
        if self._held.pop(permit.need.id, None):  # else its agent is gone
            self._last_told = told or self._told()
            self.governor.settle(MODEL, permit.need.id, counted(usage), self._last_told, self.now)
            self.done += 1
            self._fill()

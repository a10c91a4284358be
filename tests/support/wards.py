"""Wards in this process for tests of the health monitor, and steps of such tests."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from actors.errors import AgentGone
from actors.events import Event
from actors.journal.fleet import AgentStarting
from actors.journal.recorded import FLEET
from actors.roles.agent import Before
from actors.settings import HealthSettings
from actors.stores.protocol import Store
from actors.supervision.guard import Guarded
from actors.supervision.monitor import Monitor
from actors.supervision.wards import Ended, Hello, Pulse
from actors.work import RestartCause, Role

FAST = HealthSettings(backoff_base_s=0.0, patience_s=0.5, stale_tick_s=0.5, silent_s=2.0, slow_answer_s=1.0)


class FakeWard:
    """An agent's process that can be killed, blocked and given up; registers in the store as the real one does."""

    def __init__(self, name: str, store: Store) -> None:
        self.name, self._store = name, store
        self.pid = self.generation = 0
        self.admitted: Before | None = None
        self.tick_age_s = 0.0
        self.lost_nodes: set[str] = set()
        self.gone_for_good = self.stopped = False
        self.befores: list[Before] = []
        self._ended = asyncio.Event()
        self._begin()

    def _begin(self) -> None:
        self.pid, self.generation, self.admitted, self.tick_age_s = self.pid + 1, 0, None, 0.0
        self.stopped = False
        self._ended.set()
        self._ended = asyncio.Event()

    def kill(self) -> None:
        """As SIGKILL: Ray starts the next process at once."""
        self._begin()

    def stop(self) -> None:
        """As SIGSTOP: every call waits until this process ends, and breaks then."""
        self.stopped = True

    async def _alive(self) -> None:
        if self.stopped:
            await self._ended.wait()
            raise AgentGone(f"{self.name} has ended")
        if self.gone_for_good:
            raise AgentGone(f"{self.name} is gone")

    async def hello(self) -> Hello:
        await self._alive()
        return Hello(self.pid, "here", self.generation, self.admitted is not None)

    async def end_of(self, process: Hello) -> Ended:
        ended = self._ended
        if process.pid == self.pid and not self.gone_for_good:
            await ended.wait()
        return Ended(RestartCause.CRASH, f"process {process.pid} ended")

    async def unseen_end(self, node: str) -> Ended:
        return Ended(RestartCause.NODE_LOST if node in self.lost_nodes else RestartCause.CRASH, f"on {node}")

    async def pulse(self) -> Pulse:
        await self._alive()
        return Pulse(self.generation, self.tick_age_s)

    async def enroll(self) -> None:
        await self._alive()
        if not self.generation:
            pid, generation = self.pid, await self._store.register(self.name, Role.EXECUTOR, self.pid, "here")
            if self.pid == pid:  # else it was killed meanwhile: the next process has no generation yet
                self.generation = generation

    async def admit(self, before: Before) -> None:
        await self._alive()
        if self.admitted is None:
            self.admitted = before
            self.befores.append(before)

    async def end(self, *, for_good: bool) -> None:
        self.gone_for_good = for_good
        self._begin()

    async def renew(self) -> None:
        self.gone_for_good = False
        self._begin()


@asynccontextmanager
async def watched(
    store: Store,
    *wards: FakeWard,
    settings: HealthSettings = FAST,
    support: Mapping[str, Guarded] | None = None,
    clock: Callable[[], float] | None = None,
) -> AsyncIterator[None]:
    """A monitor over these wards, until the end of the block."""
    monitor = Monitor(store, {ward.name: ward for ward in wards}, settings, support, clock)
    watching = asyncio.create_task(monitor.watch())
    try:
        async with asyncio.timeout(20):
            yield
    finally:
        failed = watching.done()
        watching.cancel()
        (outcome,) = await asyncio.gather(watching, return_exceptions=True)
        assert not failed, outcome


async def fleet(store: Store, *names: str) -> list[FakeWard]:
    await store.append("starting", [AgentStarting(agent=name, role=Role.EXECUTOR) for name in names])
    return [FakeWard(name, store) for name in names]


async def until(condition: Callable[[], bool]) -> None:
    while not condition():
        await asyncio.sleep(0.01)


async def journal(store: Store, *kinds: type[Event]) -> list[Any]:
    return [event for event in await store.read(FLEET, 0, 0) if isinstance(event, kinds)]


async def seen(store: Store, kind: type[Event], count: int = 1) -> list[Any]:
    while len(found := await journal(store, kind)) < count:
        await asyncio.sleep(0.01)
    return found

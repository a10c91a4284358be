"""The first process of an agent does not say what it is: it hangs, is slow, has no node yet. Time is virtual here."""

import asyncio
from collections.abc import Awaitable, Callable

from actors.errors import AgentGone
from actors.events import Event
from actors.journal.fleet import (
    AgentErrorRecorded,
    AgentResetRequested,
    AgentRestarted,
    AgentRestartRequested,
    AgentUnavailable,
)
from actors.settings import HealthSettings
from actors.stores.memory import MemoryStore
from actors.supervision.wards import Hello
from actors.work import Role
from tests.simulation.clock import VirtualLoop
from tests.support.supervision import T0
from tests.support.wards import FAST, FakeWard, fleet, journal, until, watched

SETTINGS: HealthSettings = FAST.model_copy(update={"silent_node_s": 5.0})
A, B = "executor-0", "executor-1"


class Ward(FakeWard):
    """Its first processes take so long until they answer, each; Ray gives a new process no other name."""

    def __init__(self, ward: FakeWard, *starts_s: float) -> None:
        super().__init__(ward.name, ward._store)
        self._starts_s = list(starts_s)
        self._up_at: tuple[int, float] = (0, 0.0)
        self.has_room = True

    async def hello(self) -> Hello:
        now = asyncio.get_running_loop().time()
        if not self.has_room:
            raise AgentGone("no node has room for it yet")
        if self._up_at[0] != self.pid:
            self._up_at = self.pid, now + (self._starts_s.pop(0) if self._starts_s else 0.0)
        pid, ended = self.pid, self._ended
        try:
            async with asyncio.timeout_at(max(now, self._up_at[1])):
                await ended.wait()
        except TimeoutError:
            return await super().hello()
        raise AgentGone(f"process {pid} has ended")

    async def renew(self) -> None:
        if self.gone_for_good:
            await super().renew()


def play(
    scene: Callable[[MemoryStore, Ward, FakeWard], Awaitable[None]], *starts_s: float, has_room: bool = True
) -> tuple[Ward, list[Event]]:
    """What became of an agent beside one that is well, and what is on record against it."""
    loop = VirtualLoop()

    def clock() -> float:
        return T0 + loop.time()

    async def run() -> tuple[Ward, list[Event]]:
        store = MemoryStore(clock)
        made, other = await fleet(store, A, B)
        ward = Ward(made, *starts_s)
        ward.has_room = has_room
        async with watched(store, ward, other, settings=SETTINGS, clock=clock):
            await until(lambda: other.admitted is not None)
            await scene(store, ward, other)
        return ward, await journal(store, AgentRestarted, AgentErrorRecorded)

    try:
        return loop.run_until_complete(run())
    finally:
        loop.finish()


FOR_EVER = 1e6


async def is_admitted(_: MemoryStore, ward: Ward, other: FakeWard) -> None:
    await until(lambda: ward.admitted is not None)
    assert other.pid == 1


def test_one_that_hangs_is_ended_and_its_next_process_works() -> None:
    ward, told = play(is_admitted, FOR_EVER)
    assert (ward.pid, told) == (2, [])


def test_one_that_is_slow_to_start_is_not_ended() -> None:
    ward, told = play(is_admitted, SETTINGS.silent_node_s - 0.5)
    assert (ward.pid, told) == (1, [])


def test_one_that_needs_longer_than_that_gets_it_in_the_end() -> None:
    slow_s = 1.6 * SETTINGS.silent_node_s
    ward, told = play(is_admitted, slow_s, slow_s, slow_s)
    assert (ward.pid, told) == (2, [])


def test_one_that_waits_for_a_node_is_not_ended_and_its_start_counts_from_then_on() -> None:
    async def gets_room_late(store: MemoryStore, ward: Ward, other: FakeWard) -> None:
        await asyncio.sleep(2 * SETTINGS.silent_node_s)
        await store.append("wish", [AgentRestartRequested(agent=A)])
        await asyncio.sleep(1)
        ward.has_room = True
        await is_admitted(store, ward, other)

    ward, told = play(gets_room_late, SETTINGS.silent_node_s - 0.5, has_room=False)
    assert (ward.pid, told) == (1, [])


def test_a_person_ends_it_at_once() -> None:
    async def restart(store: MemoryStore, ward: Ward, other: FakeWard) -> None:
        await store.append("wish", [AgentRestartRequested(agent=A)])
        async with asyncio.timeout(3):
            await is_admitted(store, ward, other)

    ward, told = play(restart, FOR_EVER)
    assert (ward.pid, told) == (2, [])


def test_a_reset_ends_it_at_once_though_ray_finds_it_there() -> None:
    async def reset(store: MemoryStore, ward: Ward, other: FakeWard) -> None:
        await store.append("why", [AgentUnavailable(agent=A, role=Role.EXECUTOR, reason="it was not up within 60 s")])
        await store.append("wish", [AgentResetRequested(agent=A)])
        async with asyncio.timeout(3):
            await is_admitted(store, ward, other)

    ward, told = play(reset, FOR_EVER)
    assert (ward.pid, told) == (2, [])


def test_a_person_does_not_end_one_that_answers_and_is_on_its_way() -> None:
    async def restart(store: MemoryStore, ward: Ward, other: FakeWard) -> None:
        enrolled, enroll = asyncio.Event(), ward.enroll

        async def later() -> None:
            await enrolled.wait()
            await enroll()

        ward.enroll = later  # type: ignore[method-assign]
        ward.kill()
        await store.append("wish", [AgentRestartRequested(agent=A)])
        await asyncio.sleep(SETTINGS.silent_node_s + 3)
        enrolled.set()
        await is_admitted(store, ward, other)

    ward, told = play(restart, 0.2, 0.2)
    assert ward.pid == 2
    assert told == []

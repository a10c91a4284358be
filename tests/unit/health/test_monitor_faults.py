"""The monitor while something else goes wrong: the store hangs, a process is silent, the monitor before was killed."""

import asyncio
from collections.abc import Collection, Mapping, Sequence

import pytest

from actors.events import Event
from actors.journal.fleet import (
    AgentErrorRecorded,
    AgentFailed,
    AgentResetRequested,
    AgentRestarted,
    AgentRestartRequested,
    AgentStarted,
    AgentUnavailable,
)
from actors.stores.memory import MemoryStore
from actors.stores.protocol import Receipt
from actors.supervision import guard as guards
from actors.supervision import pings
from actors.supervision.wards import Pulse
from actors.work import RestartCause, Role
from tests.support.wards import FAST, FakeWard, fleet, journal, seen, until, watched

QUICK = FAST.model_copy(update={"silent_s": 0.6, "slow_answer_s": 0.3, "silent_node_s": 1.5, "patience_s": 0.3})


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rounds of pings ten times a second."""
    monkeypatch.setattr(pings, "EVERY_S", 0.1)
    monkeypatch.setattr(guards, "EVERY_S", 0.1)


class HangingStore(MemoryStore):
    """A store whose process can be stopped, and is another once it was ended."""

    def __init__(self) -> None:
        super().__init__()
        self._answers = asyncio.Event()
        self._answers.set()
        self.ends = 0

    def stop(self) -> None:
        """Answer nobody."""
        self._answers.clear()

    async def append(self, id: str, events: Sequence[Event], payloads: Mapping[str, str] | None = None) -> Receipt:  # noqa: A002
        await self._answers.wait()
        return await super().append(id, events, payloads)

    async def read(
        self, run: str | None, after: int, max_wait_s: float, *, exclude: Collection[str] = (), limit: int = 2000
    ) -> list[Event]:
        await self._answers.wait()
        return await super().read(run, after, max_wait_s, exclude=exclude, limit=limit)

    async def pulse(self) -> Pulse:
        await self._answers.wait()
        return Pulse(0, 0.0)

    async def end(self, *, for_good: bool) -> None:
        assert not for_good
        self.ends += 1
        self._answers.set()


async def admitted(*wards: FakeWard) -> None:
    await until(lambda: all(ward.admitted is not None for ward in wards))


async def test_a_store_that_hangs_is_ended_also_if_an_agent_ends_with_it() -> None:
    store = HangingStore()
    one, two = await fleet(store, "executor-0", "executor-1")
    async with watched(store, one, two, settings=QUICK, support={"store": store}):
        await admitted(one, two)
        store.stop()
        one.kill()
        await until(lambda: store.ends > 0)
        await until(lambda: one.pid == 2 and one.admitted is not None)
    assert store.ends == 1
    assert [e.agent for e in await journal(store, AgentRestarted)] == ["executor-0"]


@pytest.mark.parametrize("alone", [False, True])
async def test_a_monitor_that_begins_while_the_store_hangs_ends_it(alone: bool) -> None:
    """At once if an agent answers; if nobody does, when it has been silent for as long as a whole node may be."""
    store = HangingStore()
    one, two = await fleet(store, "executor-0", "executor-1")
    async with watched(store, one, two, settings=QUICK):
        await admitted(one, two)
    store.stop()
    for ward in (one, two) if alone else (one,):
        ward.stop()
    began = asyncio.get_running_loop().time()
    async with watched(store, one, two, settings=QUICK, support={"store": store}):
        await until(lambda: store.ends > 0)
        waited_s = asyncio.get_running_loop().time() - began
        await until(lambda: one.pid == 2)
        await admitted(one, two)
    assert store.ends == 1
    assert (waited_s >= QUICK.silent_node_s) is alone


async def test_time_in_which_the_store_kept_the_monitor_waiting_is_held_against_nobody() -> None:
    store = HangingStore()
    slow, other, third = await fleet(store, "executor-0", "executor-1", "executor-2")
    asked, quick = asyncio.Event(), slow.pulse

    async def pulse() -> Pulse:
        asked.set()
        await asyncio.sleep(0.3)  # longer than a round
        return await quick()

    async with watched(store, slow, other, third):
        await admitted(slow, other, third)
        slow.pulse = pulse  # type: ignore[method-assign]
        await asked.wait()
        store.stop()
        third.kill()  # nothing can be decided until this is on record
        await asyncio.sleep(FAST.silent_s + 1)
        await store.end(for_good=False)
        await until(lambda: third.pid == 2 and third.admitted is not None)
        await asyncio.sleep(1)  # some rounds of pings
    assert [e.agent for e in await journal(store, AgentRestarted)] == ["executor-2"]


async def test_a_process_that_is_stopped_before_it_is_admitted_keeps_nobody_else_waiting() -> None:
    store = MemoryStore()
    stopped, other = await fleet(store, "executor-0", "executor-1")
    admit = stopped.admit

    async def stop(before: object) -> None:
        del before
        stopped.admit = admit  # type: ignore[method-assign]
        stopped.stop()
        await asyncio.Event().wait()

    stopped.admit = stop  # type: ignore[method-assign]
    async with watched(store, stopped, other, settings=QUICK):
        await admitted(other)
        await until(lambda: stopped.stopped)
        other.kill()
        await admitted(other)
        await admitted(stopped)
    restarted = {e.agent: e.cause for e in await journal(store, AgentRestarted)}
    assert restarted == {"executor-0": RestartCause.HANG, "executor-1": RestartCause.CRASH}


async def test_the_next_monitor_ends_a_process_that_does_not_even_say_what_it_is() -> None:
    store = MemoryStore()
    stopped, other = await fleet(store, "executor-0", "executor-1")
    async with watched(store, stopped, other, settings=QUICK):
        await admitted(stopped, other)
    stopped.stop()
    async with watched(store, stopped, other, settings=QUICK):
        await until(lambda: stopped.pid == 2)
        await admitted(stopped)
    assert [(e.agent, e.generation, e.cause) for e in await journal(store, AgentRestarted)] == [
        ("executor-0", 1, RestartCause.HANG)
    ]
    assert len(await journal(store, AgentErrorRecorded)) == 1


async def test_an_order_on_record_to_end_a_silent_process_is_carried_out_by_the_next_monitor_without_another() -> None:
    store = MemoryStore()
    stopped, other = await fleet(store, "executor-0", "executor-1")
    async with watched(store, stopped, other, settings=QUICK):
        await admitted(stopped, other)
    stopped.stop()
    await store.append("order", [AgentRestarted(agent="executor-0", generation=1, cause=RestartCause.HANG, reason="x")])
    async with watched(store, stopped, other, settings=QUICK):
        await until(lambda: stopped.pid == 2)
        await admitted(stopped)
    assert len(await journal(store, AgentRestarted)) == 1
    assert not await journal(store, AgentErrorRecorded)


async def test_a_silent_process_is_ended_too_where_nobody_else_could_answer() -> None:
    store = MemoryStore()
    (alone,) = await fleet(store, "executor-0")
    async with watched(store, alone, settings=QUICK):
        await admitted(alone)
    alone.stop()
    async with watched(store, alone, settings=QUICK):
        await until(lambda: alone.pid == 2)
        await admitted(alone)
    assert [e.cause for e in await journal(store, AgentRestarted)] == [RestartCause.HANG]


async def test_an_agent_that_the_monitor_before_gave_up_is_not_started_again() -> None:
    store = MemoryStore()
    (ward,) = await fleet(store, "executor-0")
    async with watched(store, ward, settings=QUICK):
        await admitted(ward)
    await store.append("given up", [AgentFailed(agent="executor-0", reason="x")])  # and was killed before it ended it
    ward.kill()
    async with watched(store, ward, settings=QUICK):
        await until(lambda: ward.gone_for_good)
        assert len(await journal(store, AgentStarted)) == 1
        await store.append("wish", [AgentResetRequested(agent="executor-0")])
        await admitted(ward)
    assert [e.generation for e in await journal(store, AgentStarted)] == [1, 2]


async def test_an_agent_that_could_not_be_started_begins_anew_when_it_is_reset() -> None:
    store = MemoryStore()
    (ward,) = await fleet(store, "executor-0")
    await ward.end(for_good=True)  # as after an error in its constructor
    await store.append("why", [AgentUnavailable(agent="executor-0", role=Role.EXECUTOR, reason="no memory")])
    async with watched(store, ward, settings=QUICK):
        await store.append("wish", [AgentResetRequested(agent="executor-0")])
        await admitted(ward)


class Coinciding(MemoryStore):
    """While a restart is being written down, the process ends by itself."""

    ward: FakeWard

    async def append(self, id: str, events: Sequence[Event], payloads: Mapping[str, str] | None = None) -> Receipt:  # noqa: A002
        if any(isinstance(event, AgentRestarted) for event in events):
            self.ward.kill()
        return await super().append(id, events, payloads)


async def test_an_order_for_a_process_that_ended_by_itself_does_not_end_the_next() -> None:
    store = Coinciding()
    (store.ward,) = await fleet(store, "executor-0")
    async with watched(store, store.ward, settings=QUICK):
        await admitted(store.ward)
        await store.append("wish", [AgentRestartRequested(agent="executor-0")])
        await until(lambda: store.ward.pid > 1)
        await admitted(store.ward)
    assert store.ward.pid == 2
    assert [e.cause for e in await journal(store, AgentRestarted)] == [RestartCause.REQUEST]


async def test_a_wish_that_was_granted_is_not_granted_again_by_the_next_monitor() -> None:
    store = MemoryStore()
    (ward,) = await fleet(store, "executor-0")
    async with watched(store, ward, settings=QUICK):
        await admitted(ward)
        await store.append("wish", [AgentRestartRequested(agent="executor-0")])
        await seen(store, AgentRestarted)
        await until(lambda: ward.pid == 2 and ward.admitted is not None)
    async with watched(store, ward, settings=QUICK):
        await asyncio.sleep(1)
    assert ward.pid == 2
    assert len(await journal(store, AgentRestarted)) == 1

"""The monitor with wards in this process: who is enrolled, admitted, ended, and in which order it is written down."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from actors.events import ItemAssigned, ItemClosed
from actors.journal.fleet import (
    AgentErrorRecorded,
    AgentFailed,
    AgentHealthDegraded,
    AgentResetRequested,
    AgentRestarted,
    AgentRestartRequested,
    AgentStarted,
    ModelUnavailable,
)
from actors.roles.agent import Before
from actors.stores.group import GroupStore
from actors.stores.protocol import Store
from actors.supervision.wards import Pulse
from actors.work import Content, Failure, FailureKind, Item, RestartCause, Result
from tests.support.fakes import accepted, open_store
from tests.support.wards import FAST, FakeWard, fleet, journal, seen, until, watched


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[GroupStore]:
    made = open_store(tmp_path)
    yield made
    await made.close()


async def faults(store: Store, agent: FakeWard, count: int, first: int = 1) -> None:
    """So many agent faults in items, as the agent writes them."""
    for number in range(first, first + count):
        run = f"r{number}"
        await accepted(store, Item(id="a", description="x"), run=run)
        await store.claim(run, "test")
        assigned = ItemAssigned(run=run, item="a", epoch=1, attempt=1, agent=agent.name, model="m", term=1)
        outcome = Failure(reason=FailureKind.AGENT_FAULT, message=f"mistake {number}")
        closed = ItemClosed(
            run=run, item="a", epoch=1, attempt=1, agent=agent.name, generation=agent.generation, outcome=outcome
        )
        await store.append(f"faults-{number}", [assigned, closed])


async def test_all_agents_are_enrolled_and_admitted(store: GroupStore) -> None:
    one, two = await fleet(store, "executor-0", "executor-1")
    async with watched(store, one, two):
        await until(lambda: one.admitted is not None and two.admitted is not None)
    assert one.befores == two.befores == [Before()]


async def test_a_crash_is_recorded_before_the_next_process_starts(store: GroupStore) -> None:
    (ward,) = await fleet(store, "executor-0")
    async with watched(store, ward):
        await until(lambda: ward.admitted is not None)
        ward.kill()
        await until(lambda: ward.admitted is not None)
    told = await journal(store, AgentErrorRecorded, AgentRestarted, AgentStarted)
    assert [type(e) for e in told] == [AgentStarted, AgentErrorRecorded, AgentRestarted, AgentStarted]
    assert [e.generation for e in told] == [1, 1, 1, 2]
    assert ward.befores[1] == Before(explained=False)


@pytest.mark.parametrize(("count", "degraded", "restarts"), [(2, [], 0), (3, [True], 0), (5, [True, True, False], 1)])
async def test_the_thresholds_of_the_seed(store: GroupStore, count: int, degraded: list[bool], restarts: int) -> None:
    (ward,) = await fleet(store, "executor-0")
    async with watched(store, ward):
        await until(lambda: ward.admitted is not None)
        await faults(store, ward, count)
        recorded = await seen(store, AgentErrorRecorded, count)
        await until(lambda: ward.pid == 1 + restarts and ward.admitted is not None)
    assert [e.count for e in recorded] == list(range(1, count + 1))
    assert [e.is_healthy for e in await journal(store, AgentHealthDegraded)] == degraded
    restarted = await journal(store, AgentRestarted)
    assert [e.cause for e in restarted] == [RestartCause.THRESHOLD] * restarts
    assert all(before.explained for before in ward.befores)


async def test_an_answer_between_failures_of_a_model_counts(store: GroupStore) -> None:
    (ward,) = await fleet(store, "executor-0")
    names = ["ok1", "bad1", "bad2", "ok2", "bad3", "ok3", "bad4", "bad5", "bad6"]
    await accepted(store, *(Item(id=name, description="x") for name in names))
    await store.claim("r", "test")
    attempt: dict[str, Any] = {"run": "r", "epoch": 1, "attempt": 1, "agent": "executor-0"}
    good = Result(data=Content(text="done"), model="m-2026")
    reason = FailureKind.TRANSIENT
    bad = {name: Failure(reason=reason, message=name, model="m") for name in names if name.startswith("bad")}
    ends = [(name, bad.get(name, good)) for name in names]
    async with watched(store, ward, settings=FAST.model_copy(update={"model_failures": 3})):
        await until(lambda: ward.admitted is not None)
        await store.append("begin", [ItemAssigned(**attempt, item=name, model="m", term=1) for name in names])
        await store.append("end", [ItemClosed(**attempt, item=i, generation=1, asked="m", outcome=o) for i, o in ends])
        (told,) = await seen(store, ModelUnavailable)
    assert told.reason == "3 calls failed in a row, the last: bad6"


async def test_a_blocked_loop_is_ended(store: GroupStore) -> None:
    hung, other = await fleet(store, "executor-0", "executor-1")
    async with watched(store, hung, other):
        await until(lambda: hung.admitted is not None and other.admitted is not None)
        hung.tick_age_s = 60.0
        (restarted,) = await seen(store, AgentRestarted)
        await until(lambda: hung.pid == 2 and hung.admitted is not None)
    assert (restarted.agent, restarted.cause) == ("executor-0", RestartCause.HANG)
    assert (hung.pid, other.pid) == (2, 1)


async def test_a_person_may_restart_an_agent(store: GroupStore) -> None:
    (ward,) = await fleet(store, "executor-0")
    async with watched(store, ward):
        await until(lambda: ward.admitted is not None)
        await store.append("wish", [AgentRestartRequested(agent="executor-0")])
        await until(lambda: ward.pid == 2 and ward.admitted is not None)
    assert [e.cause for e in await journal(store, AgentRestarted)] == [RestartCause.REQUEST]
    assert ward.befores[1].explained


async def test_an_agent_over_its_intensity_is_given_up_until_it_is_reset(store: GroupStore) -> None:
    (ward,) = await fleet(store, "executor-0")
    async with watched(store, ward):
        for number in range(1, FAST.restarts + 2):
            await until(lambda: ward.admitted is not None)
            ward.kill()
            await seen(store, AgentErrorRecorded, number)
        await seen(store, AgentFailed)
        await until(lambda: ward.gone_for_good)
        await store.append("wish", [AgentResetRequested(agent="executor-0")])
        await until(lambda: ward.admitted is not None)
    assert len(await journal(store, AgentRestarted)) == FAST.restarts


async def test_the_next_monitor_adopts_who_lives_and_restarts_nobody(store: GroupStore) -> None:
    one, two = await fleet(store, "executor-0", "executor-1")
    async with watched(store, one, two):
        await until(lambda: one.admitted is not None and two.admitted is not None)
    two.kill()  # while nobody watches
    async with watched(store, one, two):
        await until(lambda: two.admitted is not None)
    assert (one.pid, one.befores) == (1, [Before()])
    told = await journal(store, AgentRestarted)
    assert [(e.agent, e.cause) for e in told] == [("executor-1", RestartCause.CRASH)]


async def test_who_was_lost_with_the_node_of_the_monitor_is_not_to_blame(store: GroupStore) -> None:
    (ward,) = await fleet(store, "executor-0")
    async with watched(store, ward):
        await until(lambda: ward.admitted is not None)
    ward.lost_nodes.add("here")
    ward.kill()  # with the monitor
    async with watched(store, ward):
        await until(lambda: ward.admitted is not None)
    assert [(e.generation, e.cause) for e in await journal(store, AgentRestarted)] == [(1, RestartCause.NODE_LOST)]
    assert await journal(store, AgentErrorRecorded) == []
    assert ward.befores[1].explained, "what it held is no suspect"


async def test_a_process_is_not_blamed_for_the_silence_of_the_one_before(store: GroupStore) -> None:
    silent, other = await fleet(store, "executor-0", "executor-1")
    asked = silent.pulse

    async def pulse() -> Pulse:
        if silent.pid == 1:
            await asyncio.Event().wait()
        return await asked()

    silent.pulse = pulse  # type: ignore[method-assign]
    async with watched(store, silent, other):
        await seen(store, AgentRestarted)
        await until(lambda: silent.pid == 2 and silent.admitted is not None)
        await asyncio.sleep(2.5)  # two rounds of pings
    assert [e.cause for e in await journal(store, AgentRestarted)] == [RestartCause.HANG]


async def test_what_a_monitor_that_died_left_undone_is_done_by_the_next(store: GroupStore) -> None:
    (ward,) = await fleet(store, "executor-0")
    async with watched(store, ward):
        await until(lambda: ward.admitted is not None)
        await faults(store, ward, 2)
        await seen(store, AgentErrorRecorded, 2)
    await faults(store, ward, 1, first=3)  # while nobody watches
    await store.append("wish", [AgentRestartRequested(agent="executor-0")])
    async with watched(store, ward):
        recorded = await seen(store, AgentErrorRecorded, 3)
        await until(lambda: ward.pid == 2 and ward.admitted is not None)
    assert [e.count for e in recorded] == [1, 2, 3], "each once, and none forgotten"
    assert [e.cause for e in await journal(store, AgentRestarted)] == [RestartCause.REQUEST]

"""The driver with real stores and agents in this process: whole runs, killed agents, killed and fenced drivers."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from actors.context.marked import marked
from actors.errors import AnswerRefused, StaleTerm
from actors.events import CancelRequested, ItemAssigned, ItemClosed, ItemSkipped
from actors.models.port import Request
from actors.stores.group import GroupStore
from actors.stores.protocol import RunRecord
from actors.work import Failure, FailureKind, Item, Lost, Result, RunStatus
from cluster.driving.driver import Driver
from tests.support.fakes import BlockedModel, FakeModel, LocalAgent, accepted, open_store


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[GroupStore]:
    made = open_store(tmp_path)
    yield made
    await made.close()


def item(id_: str, *dependencies: str, timeout: float = 600) -> Item:
    return Item(id=id_, description=f"Do {id_}.", dependencies=dependencies, timeout=timeout)


async def drive(store: GroupStore, record: RunRecord, *agents: LocalAgent, name: str = "d") -> RunStatus:
    try:
        async with asyncio.timeout(20):
            return await Driver(
                await store.run(record.run), store, {agent.name: agent for agent in agents}, name
            ).drive()
    finally:
        for agent in agents:
            await agent.stop()


async def outcomes(store: GroupStore) -> list[tuple[str, str]]:
    return [(e.item, e.outcome.kind) for e in await store.read("r", 0, 0) if isinstance(e, ItemClosed)]


async def test_a_run_gives_each_item_the_results_of_its_dependencies(store: GroupStore) -> None:
    model = FakeModel(lambda request: request.messages[0].text.rsplit("Do ")[-1].upper())
    record = await accepted(store, item("a"), item("b"), item("c", "a", "b"))
    assert await drive(store, record, LocalAgent("e0", store, model), LocalAgent("e1", store, model)) is (
        RunStatus.COMPLETED
    )
    last = model.requests[-1].messages[0].text
    assert last == f"{marked('result', 'A.', name='a')}\n\n{marked('result', 'B.', name='b')}\n\nDo c."
    assert sorted(await outcomes(store)) == [("a", "result"), ("b", "result"), ("c", "result")]


async def test_a_model_that_refuses_fails_the_item_with_the_real_message(store: GroupStore) -> None:
    def answer(request: Request) -> str:
        if "Do a." in request.messages[0].text:
            raise AnswerRefused("the model declined: cyber")
        return "fine"

    record = await accepted(store, item("a"), item("b", "a"), item("other"))
    status = await drive(store, record, LocalAgent("e0", store, FakeModel(answer)))
    assert status is RunStatus.COMPLETED_WITH_FAILURES
    events = await store.read("r", 0, 0)
    (failure,) = [e.outcome for e in events if isinstance(e, ItemClosed) and isinstance(e.outcome, Failure)]
    assert (failure.reason, failure.message) == (FailureKind.REFUSAL, "the model declined: cyber")
    assert [(e.item, e.cause) for e in events if isinstance(e, ItemSkipped)] == [("b", "a")]


@pytest.mark.parametrize("error", [ValueError("boom"), SystemExit(3), KeyboardInterrupt()])
async def test_whatever_an_item_raises_becomes_its_failure(store: GroupStore, error: BaseException) -> None:
    async def answer(_: Request) -> str:
        raise error

    record = await accepted(store, item("a"))
    assert await drive(store, record, LocalAgent("e0", store, FakeModel(answer))) is RunStatus.COMPLETED_WITH_FAILURES
    failures = [e.outcome for e in await store.read("r", 0, 0) if isinstance(e, ItemClosed)]
    assert len(failures) == 3
    for failure in failures:
        assert isinstance(failure, Failure)
        assert failure.reason is FailureKind.AGENT_FAULT
        assert type(error).__name__ in failure.message


async def test_an_item_over_its_timeout_fails_after_three_attempts_and_the_run_goes_on(store: GroupStore) -> None:
    record = await accepted(store, item("slow", timeout=0.05))
    assert await drive(store, record, LocalAgent("e0", store, BlockedModel())) is RunStatus.COMPLETED_WITH_FAILURES
    failures = [e.outcome for e in await store.read("r", 0, 0) if isinstance(e, ItemClosed)]
    assert [failure.reason for failure in failures if isinstance(failure, Failure)] == [FailureKind.TIMEOUT] * 3


async def test_what_a_killed_agent_held_runs_again_and_nothing_else(store: GroupStore) -> None:
    model = BlockedModel()
    agent, other = LocalAgent("e0", store, model), LocalAgent("e1", store, model)
    record = await accepted(store, *(item(f"i{n}") for n in range(8)))
    run = asyncio.create_task(drive(store, record, agent, other))
    for _ in range(8):
        await model.arrived.get()
    agent.kill()
    for _ in range(4):
        await model.arrived.get()  # the four items of the killed agent come again
    model.release.set()
    assert await run is RunStatus.COMPLETED
    closed = await outcomes(store)
    assert sum(kind == "lost" for _, kind in closed) == 4
    assert sorted(id_ for id_, kind in closed if kind == "result") == [f"i{n}" for n in range(8)]
    assert len(model.requests) == 12


async def test_a_new_driver_goes_on_and_the_old_one_is_fenced(store: GroupStore) -> None:
    model = BlockedModel()
    agent = LocalAgent("e0", store, model)
    record = await accepted(store, item("a"), item("b", "a"))
    first = asyncio.create_task(Driver(record, store, {"e0": agent}, "first").drive())
    await model.arrived.get()
    second = asyncio.create_task(Driver(await store.run(record.run), store, {"e0": agent}, "second").drive())
    while (await store.run("r")).term < 2 or not any("second" in str(e) for e in await store.read("r", 0, 0)):
        await asyncio.sleep(0.01)
    model.release.set()
    async with asyncio.timeout(10):
        assert await second is RunStatus.COMPLETED
        with pytest.raises(BaseExceptionGroup) as caught:
            await first
    assert caught.group_contains(StaleTerm)
    assert len(model.requests) == 2, "the item in flight was held by the agent and did not run again"
    events = await store.read("r", 0, 0)
    assert [(e.item, e.term) for e in events if isinstance(e, ItemAssigned)] == [("a", 1), ("b", 2)]
    await agent.stop()


async def test_driving_a_finished_run_again_does_nothing(store: GroupStore) -> None:
    model = FakeModel()
    record = await accepted(store, item("a"))
    await drive(store, record, LocalAgent("e0", store, model))
    assert await drive(store, record, LocalAgent("e0", store, model), name="again") is RunStatus.COMPLETED
    assert len(model.requests) == 1


async def test_short_items_are_two_rows_and_long_results_are_kept_once(store: GroupStore) -> None:
    text = "x" * 5000
    record = await accepted(store, item("a"), item("b"), item("c", "a"))
    model = FakeModel(lambda _: text)
    await drive(store, record, LocalAgent("e0", store, model))
    events = await store.read("r", record.accepted_seq, 0)
    types = [e.type for e in events if e.run]
    assert types.count("item_assigned") == types.count("item_closed") == 3
    assert "item_started" not in types
    refs = {e.outcome.data.ref for e in events if isinstance(e, ItemClosed) and isinstance(e.outcome, Result)}
    assert len(refs) == 1
    assert await store.payloads([ref for ref in refs if ref]) == {next(iter(refs)): text}
    assert text in model.requests[-1].messages[0].text
    assert not any(isinstance(e, ItemClosed) and isinstance(e.outcome, Lost) for e in events)


async def test_a_cancelled_run_stops_what_is_active_and_ends_cancelled(store: GroupStore) -> None:
    model = BlockedModel()
    record = await accepted(store, item("a"), item("b", "a"))
    run = asyncio.create_task(drive(store, record, LocalAgent("e0", store, model)))
    await model.arrived.get()
    await store.append("1", [CancelRequested(run="r")])
    assert await run is RunStatus.CANCELLED
    assert await outcomes(store) == [("a", "lost")]


async def test_a_drained_run_ends_what_is_active_and_a_new_driver_goes_on(store: GroupStore) -> None:
    model = BlockedModel()
    agent = LocalAgent("e0", store, model)
    record = await accepted(store, item("a"), item("b", "a"))
    first = Driver(record, store, {"e0": agent}, "first")
    run = asyncio.create_task(first.drive())
    await model.arrived.get()
    first.drain()
    model.release.set()
    async with asyncio.timeout(10):
        assert await run is RunStatus.PAUSED
    assert await outcomes(store) == [("a", "result")]
    assert await drive(store, record, agent, name="second") is RunStatus.COMPLETED
    assert len(model.requests) == 2

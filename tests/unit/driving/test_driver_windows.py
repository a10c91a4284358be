"""The driver in bad moments: facts that come together, drivers and agents that die while somebody wants an end."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from actors.events import CancelRequested, ItemAssigned, ItemClosed
from actors.work import Item, RunStatus
from cluster.driving import driver, link
from cluster.driving.driver import Driver, before_each_attach
from cluster.run.commands import AgentAttached, AgentAway, Drain, Stimulus
from tests.support.fakes import BlockedModel, DistantAgent, FakeModel, FaultyStore, LocalAgent, accepted


@pytest.fixture
async def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[FaultyStore]:
    monkeypatch.setattr(link, "REATTACH_S", 0.01)
    monkeypatch.setattr(driver, "FIRST_AGENTS_S", 0.05)
    made = FaultyStore(tmp_path / "store.db")
    yield made
    await made.close()


def item(id_: str, *dependencies: str) -> Item:
    return Item(id=id_, description=f"Do {id_}.", dependencies=dependencies)


async def killed(run: asyncio.Task[RunStatus]) -> None:
    run.cancel()
    await asyncio.gather(run, return_exceptions=True)


async def test_a_dead_run_that_was_cancelled_ends_cancelled_with_a_smaller_fleet(store: FaultyStore) -> None:
    model = BlockedModel()
    e0, e1 = LocalAgent("e0", store, model, 1), LocalAgent("e1", store, model, 1)
    record = await accepted(store, item("a"), item("b"))
    first = asyncio.create_task(Driver(record, store, {"e0": e0, "e1": e1}, "first").drive())
    await model.arrived.get()
    await model.arrived.get()
    await killed(first)
    e0.kill()
    e1.kill()
    await store.append("cancel", [CancelRequested(run="r")])
    async with asyncio.timeout(5):
        assert await Driver(await store.run(record.run), store, {"e0": e0}, "second").drive() is RunStatus.CANCELLED
    assert len(model.requests) == 2
    await e0.stop()


async def test_a_restart_while_the_first_agents_are_awaited_is_noticed(store: FaultyStore) -> None:
    model = BlockedModel()
    agent, silent = DistantAgent("e0", store, model, 1), DistantAgent("e1", store, model)
    silent.reachable.clear()
    record = await accepted(store, item("a"))
    first = asyncio.create_task(Driver(record, store, {"e0": agent}, "first").drive())
    await model.arrived.get()
    await killed(first)
    second = asyncio.create_task(
        Driver(await store.run(record.run), store, {"e0": agent, "e1": silent}, "second").drive()
    )
    async with asyncio.timeout(5):
        while await agent.knocks.get() < 2:
            pass  # attach of term 2 has begun, and is answered in the same step
        await agent.restart()
        model.release.set()
        assert await second is RunStatus.COMPLETED
    assert len(model.requests) == 2
    await agent.stop()


async def test_an_assignment_to_a_process_that_is_gone_by_then_is_lost_and_not_given_out(store: FaultyStore) -> None:
    """The assignment's receipt and the next generation's attach are heard in one step."""
    model = FakeModel()
    agent = DistantAgent("e", store, model)
    record = await accepted(store, item("a"))
    store.late = ItemAssigned
    run = asyncio.create_task(Driver(record, store, {"e": agent}, "d").drive())
    async with asyncio.timeout(5):
        await agent.lifelines.get()
        await agent.knocks.get()
        await store.waiting.wait()
        agent.reachable.clear()
        await agent.restart()
        await agent.knocks.get()
        store.release.set()
        agent.reachable.set()
        assert await run is RunStatus.COMPLETED
    ends = [(e.epoch, e.outcome.kind) for e in await store.read("r", 0, 0) if isinstance(e, ItemClosed)]
    assert ends == [(1, "lost"), (2, "result")]
    assert len(model.requests) == 1, "the lost attempt was not worked on as well"
    await agent.stop()


def test_what_is_heard_before_an_attach_is_carried_out_before_it() -> None:
    up, away, drain = AgentAttached("e", 1, 1), AgentAway("e"), Drain()
    cuts: list[tuple[list[Stimulus], list[list[Stimulus]]]] = [
        ([], [[]]),
        ([up, up, drain], [[up, up, drain]]),
        ([drain, up], [[drain], [up]]),
        ([up, away, up, up, drain, up], [[up, away], [up, up, drain], [up]]),
    ]
    for heard, batches in cuts:
        assert before_each_attach(heard) == batches

"""A driver's line to an agent: what it notices, what it does not forget, what it leaves behind."""

import asyncio
import gc
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from actors.errors import AgentGone, StoreUnusable
from actors.events import CancelRequested, ItemCancelled
from actors.roles.agent import Card
from actors.work import Item, Role, RunStatus, Task
from cluster.driving import driver, link
from cluster.driving.driver import Driver
from cluster.driving.link import BATCH, Link
from cluster.driving.ports import AgentPort
from cluster.run.commands import AgentAttached, AgentAway
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


Heard = asyncio.Queue[AgentAttached | AgentAway]


@asynccontextmanager
async def served(agent: AgentPort) -> AsyncIterator[tuple[Link, Heard]]:
    """A link that is up, and what it tells."""
    heard = Heard()
    made = Link("e", agent, "r", 1, heard.put_nowait)
    serving = asyncio.create_task(made.serve())
    async with asyncio.timeout(5):
        yield made, heard
    serving.cancel()
    await asyncio.gather(serving, return_exceptions=True)


async def test_an_agent_that_restarts_between_two_calls_of_its_lifeline_is_noticed(store: FaultyStore) -> None:
    agent = DistantAgent("e", store, FakeModel())
    async with served(agent) as (made, heard):
        assert await heard.get() == AgentAttached("e", 1, 4)
        made.go()
        assert await agent.lifelines.get() == 1
        await agent.restart()
        assert await heard.get() == AgentAway("e")
        assert await heard.get() == AgentAttached("e", 2, 4)
        made.go()
        assert await agent.lifelines.get() == 2


async def test_an_agent_that_restarts_between_attach_and_lifeline_is_noticed(store: FaultyStore) -> None:
    agent = DistantAgent("e", store, FakeModel())
    async with served(agent) as (made, heard):
        assert await heard.get() == AgentAttached("e", 1, 4)
        await agent.restart()
        made.go()
        assert await heard.get() == AgentAway("e")
        assert await heard.get() == AgentAttached("e", 2, 4)
        made.go()
        assert await agent.lifelines.get() == 2


async def test_a_store_that_refuses_a_new_generation_keeps_the_agent_away_until_it_takes_it(store: FaultyStore) -> None:
    agent = LocalAgent("e", store, FakeModel())
    full = StoreUnusable("the store's disk is full; free some space, nothing was lost")
    async with served(agent) as (made, heard):
        assert await heard.get() == AgentAttached("e", 1, 4)
        made.go()
        store.faults["register"] = [full, full]
        agent.kill()
        assert [await heard.get() for _ in range(3)] == [AgentAway("e")] * 3
        assert await heard.get() == AgentAttached("e", 2, 4)


class Dying:
    """An agent that takes nothing any more: every submit breaks, all of them at once."""

    role = Role.EXECUTOR

    def __init__(self) -> None:
        self.submits = 0
        self.broken = asyncio.Event()

    async def attach(self, run: str, term: int) -> Card:
        return Card("e", 1, 1000, ())

    async def submit(self, run: str, term: int, generation: int, tasks: Sequence[Task]) -> None:
        self.submits += 1
        await self.broken.wait()
        raise AgentGone("died")

    async def cancel(self, run: str, term: int, attempts: Sequence[tuple[str, int]]) -> None:
        raise AgentGone("died")

    async def lifeline(self, generation: int) -> None:
        await asyncio.Event().wait()


async def test_submits_that_break_together_leave_no_exception_that_nobody_retrieves() -> None:
    told: list[str] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context["message"]))
    agent = Dying()
    async with served(agent) as (made, heard):
        await heard.get()
        made.go()
        made.send([Task(run="r", item=item(f"i{n}"), epoch=1, attempt=1, model="m") for n in range(3 * BATCH)])
        while agent.submits < 2:
            await asyncio.sleep(0)
        agent.broken.set()
        assert await heard.get() == AgentAway("e")
    await asyncio.sleep(0)  # the event loop lets go of what has ended
    gc.collect()
    assert told == []


async def test_a_cancel_that_comes_while_the_line_is_broken_reaches_the_attempt(store: FaultyStore) -> None:
    model = BlockedModel()
    agent = DistantAgent("e", store, model)
    record = await accepted(store, item("a"), item("b", "a"))
    run = asyncio.create_task(Driver(record, store, {"e": agent}, "d").drive())
    async with asyncio.timeout(5):
        await agent.knocks.get()
        await agent.lifelines.get()
        await model.arrived.get()
        agent.reachable.clear()
        agent.cut()
        await agent.knocks.get()  # the driver has heard that the agent is away
        await store.append("cancel", [CancelRequested(run="r")])
        while not any(isinstance(event, ItemCancelled) for event in await store.read("r", 0, 0)):
            await asyncio.sleep(0.01)  # b shows that the driver took the cancel in
        agent.reachable.set()
        assert await run is RunStatus.CANCELLED
    await agent.stop()


async def test_a_cancel_that_comes_between_two_drivers_reaches_the_attempt(store: FaultyStore) -> None:
    model = BlockedModel()
    agent = LocalAgent("e", store, model)
    record = await accepted(store, item("a"))
    first = asyncio.create_task(Driver(record, store, {"e": agent}, "first").drive())
    await model.arrived.get()
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    await store.append("cancel", [CancelRequested(run="r")])
    async with asyncio.timeout(5):
        assert await Driver(await store.run(record.run), store, {"e": agent}, "second").drive() is RunStatus.CANCELLED
    assert len(model.requests) == 1
    await agent.stop()

"""What the simulator found: a driver fenced while it listens, a submit that comes twice, a pause nobody wants."""

import asyncio
from collections.abc import Mapping, Sequence

import pytest

from actors.errors import StaleTerm
from actors.events import ContinueRequested, Event, PauseRequested, RunPaused, RunResumed, RunStarted
from actors.roles.agent import Agent
from actors.stores.memory import MemoryStore
from actors.stores.protocol import Receipt
from actors.work import Item, Role, RunStatus, Task
from cluster.driving.driver import Driver
from cluster.run.commands import Append
from tests.support.fakes import BlockedModel, FakeModel, LocalAgent, accepted, prompted
from tests.support.runs import GOOD, apply, closed, graph, started

A, B = Item(id="a", description="Do a."), Item(id="b", description="Do b.", dependencies=("a",))


async def test_a_driver_that_only_listens_ends_as_stale_once_another_has_begun() -> None:
    """Else what the other's agents do next does not fit what it knows, and it dies of an illegal transition."""
    store, model = MemoryStore(), BlockedModel()
    await accepted(store, A, B)
    agent = LocalAgent("e", store, model, 1)
    first = asyncio.create_task(Driver(await store.run("r"), store, {"e": agent}, "first").drive())
    async with asyncio.timeout(5):
        await model.arrived.get()
        second = asyncio.create_task(Driver(await store.run("r"), store, {"e": agent}, "second").drive())
        with pytest.raises(BaseExceptionGroup) as caught:
            await first
        assert caught.group_contains(StaleTerm, match="driven by second in term 2")
        model.release.set()
        assert await second is RunStatus.COMPLETED
    await agent.stop()


async def test_a_submit_that_comes_a_second_time_after_its_end_is_not_worked_on_again() -> None:
    store, model = MemoryStore(), FakeModel()
    agent = Agent("e", Role.EXECUTOR, 1, prompted(store, model), store, 1)
    await accepted(store, A)
    task = Task(run="r", item=A, epoch=1, attempt=1, model="fake")
    agent.submit("r", 1, [task])
    async with asyncio.timeout(5):
        while not model.requests or agent.attach("r", 1).held:
            await asyncio.sleep(0.001)
    agent.submit("r", 1, [task])
    assert agent.attach("r", 1).held == ()
    await agent.stop()
    assert len(model.requests) == 1


def test_nothing_is_assigned_while_a_pause_that_nobody_wants_any_more_is_on_its_way() -> None:
    state, commands = started(graph(one=[], two=["one"]))
    (task,), _ = apply(state, commands)
    (pause,) = state.handle(PauseRequested(run="r"))
    assert isinstance(pause, Append)
    assert isinstance(pause.event, RunPaused)
    assert state.handle(ContinueRequested(run="r"), closed(task, GOOD)) == [], (
        "two is ready, and the run about to pause"
    )
    tasks, facts = apply(state, [pause])
    assert [type(fact) for fact in facts[:2]] == [RunPaused, RunResumed]
    assert [task.item.id for task in tasks] == ["two"]


async def test_a_driver_that_reads_in_its_replay_that_another_has_begun_ends_as_stale() -> None:
    """It was slow between its claim and its replay; what comes after the replay would not fit what it knows."""
    store = Overtaken()
    await accepted(store, A)
    with pytest.raises(BaseExceptionGroup) as caught:
        async with asyncio.timeout(5):
            await Driver(await store.run("r"), store, {}, "first").drive()
    assert caught.group_contains(StaleTerm, match="driven by second in term 2; term 1 is over")
    assert store.tried == ["second"], "it ended by what it read, before it tried to write"


class Overtaken(MemoryStore):
    """Another driver takes the run right behind the first claim."""

    def __init__(self) -> None:
        super().__init__()
        self.tried: list[str] = []
        """Drivers whose start somebody tried to write."""

    async def append(self, id: str, events: Sequence[Event], payloads: Mapping[str, str] | None = None) -> Receipt:  # noqa: A002
        """See Store."""
        self.tried += [event.driver for event in events if isinstance(event, RunStarted)]
        return await super().append(id, events, payloads)

    async def claim(self, run: str, driver: str, seen: int | None = None) -> int:
        """See Store."""
        term = await super().claim(run, driver, seen)
        await super().claim(run, "second")
        await self.append("second", [RunStarted(run=run, term=2, driver="second")])
        return term

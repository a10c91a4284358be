"""A task that is to be alone is: nothing beside it, its start on disk before it begins, the others after it."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from actors.events import ItemAssigned, ItemClosed, ItemStarted
from actors.models.port import Request
from actors.roles.agent import Agent
from actors.stores.group import GroupStore
from actors.work import Item, Result, Role, Task
from tests.support.fakes import BlockedModel, FakeModel, accepted, open_store, prompted

IDS = ("a", "b", "alone", "c", "d")


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[GroupStore]:
    made = open_store(tmp_path)
    yield made
    await made.close()


async def tasks(store: GroupStore, ids: tuple[str, ...] = IDS) -> list[Task]:
    """Attempts that are open in the journal; the one called alone is to be alone."""
    items = [Item(id=id_, description=f"Do {id_}.") for id_ in ids]
    await accepted(store, *items)
    assigned = [
        ItemAssigned(
            run="r", item=item.id, epoch=1, attempt=1, agent="e0", model="fake", term=1, alone=item.id == "alone"
        )
        for item in items
    ]  # fmt: skip
    await store.claim("r", "test")
    await store.append("assigned", assigned)
    return [Task(run="r", item=item, epoch=1, attempt=1, model="fake", alone=item.id == "alone") for item in items]


def agent(store: GroupStore, model: FakeModel) -> Agent:
    return Agent("e0", Role.EXECUTOR, 1, prompted(store, model), store, 4)


async def closed(store: GroupStore) -> list[str]:
    return [e.item for e in await store.read("r", 0, 0) if isinstance(e, ItemClosed) and isinstance(e.outcome, Result)]


async def test_nothing_runs_beside_it(store: GroupStore) -> None:
    beside: dict[str, int] = {}
    at_work = 0

    async def answer(request: Request) -> str:
        nonlocal at_work
        at_work += 1
        await asyncio.sleep(0.01)
        beside[request.tag.split("/")[1]] = at_work
        await asyncio.sleep(0.01)
        at_work -= 1
        return "done"

    worker = agent(store, FakeModel(answer))
    worker.submit("r", 1, await tasks(store))
    async with asyncio.timeout(10):
        while len(await closed(store)) < len(IDS):
            await store.read("r", 10**9, 0.05)
    assert beside["alone"] == 1
    assert max(beside.values()) > 1, "the others work side by side"


async def test_its_start_is_on_disk_before_it_begins(store: GroupStore) -> None:
    model = BlockedModel()
    worker = agent(store, model)
    worker.submit("r", 1, await tasks(store, ("alone", "after")))
    assert (await model.arrived.get()).tag == "r/alone/1"
    assert [e.item for e in await store.read("r", 0, 0) if isinstance(e, ItemStarted)] == ["alone"]
    assert worker.at_work == 1
    model.release.set()
    assert (await model.arrived.get()).tag == "r/after/1"
    await worker.stop()


async def test_its_end_is_on_disk_before_anything_else_begins(store: GroupStore) -> None:
    """Seen in a campaign: a process died 3 ms after an item had ended alone and another had begun so. Both had their
    starts on disk and no end, and both were taken for poison."""
    model = BlockedModel()
    worker = agent(store, model)
    worker.submit("r", 1, await tasks(store, ("alone", "b", "c", "d", "e", "f")))
    assert (await model.arrived.get()).tag == "r/alone/1"
    model.release.set()
    await model.arrived.get()
    assert await closed(store) == ["alone"]
    await worker.stop()


async def test_one_that_is_cancelled_while_it_waits_lets_the_others_go_on(store: GroupStore) -> None:
    model = BlockedModel()
    worker = agent(store, model)
    worker.submit("r", 1, await tasks(store, ("a", "alone", "b")))
    assert (await model.arrived.get()).tag == "r/a/1"
    worker.cancel("r", 1, [("alone", 1)])
    assert (await model.arrived.get()).tag == "r/b/1"
    model.release.set()
    await worker.stop()
    assert [r.tag for r in model.requests] == ["r/a/1", "r/b/1"]


async def test_one_whose_attempt_is_over_is_not_paid_for(store: GroupStore) -> None:
    (task,) = await tasks(store, ("alone",))
    lost = ItemClosed.model_validate(
        {"run": "r", "item": "alone", "epoch": 1, "attempt": 1, "agent": "e0", "generation": 1,
         "outcome": {"kind": "lost", "message": "by another driver"}}
    )  # fmt: skip
    await store.append("lost", [lost])
    model = FakeModel()
    worker = agent(store, model)
    worker.submit("r", 1, [task])
    async with asyncio.timeout(5):
        while worker.attach("r", 1).held:
            await asyncio.sleep(0)
    assert not model.requests
    await worker.stop()


async def test_an_attempt_over_its_timeout_is_told_until_it_ends(store: GroupStore) -> None:
    stubborn = asyncio.Event()

    async def answer(_: Request) -> str:
        while not stubborn.is_set():
            try:
                await stubborn.wait()
            except asyncio.CancelledError:
                continue
        return "late"

    (task,) = await tasks(store, ("a",))
    late = task.model_copy(update={"item": task.item.model_copy(update={"timeout": 0.05})})
    worker = agent(store, FakeModel(answer))
    worker.submit("r", 1, [late])
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(5):
        while not worker.overdue(loop.time()):
            await asyncio.sleep(0)
    (found,) = worker.overdue(loop.time() + 5)
    assert (found.item, found.epoch, found.over_s > 5) == ("a", 1, True)
    stubborn.set()
    await worker.stop()
    assert not worker.overdue(loop.time() + 5)

"""The driver without a person in front of it: it waits for its run, goes on after failures, gives way to another."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest

from actors.errors import FleetError, StoreDamaged
from actors.events import RunStarted
from actors.stores.group import GroupStore
from actors.stores.protocol import Store
from actors.work import Item
from cluster.driving.detached import DetachedDriver
from cluster.driving.lease import is_driven
from cluster.driving.ports import AgentPort
from cluster.home.config import store_path
from tests.support.fakes import BlockedModel, FakeModel, LocalAgent, accepted

ITEMS = (Item(id="a", description="x"), Item(id="b", description="x", dependencies=("a",)))


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[GroupStore]:
    made = GroupStore(store_path(tmp_path))
    yield made
    await made.close()


class Opened:
    """How the driver reaches store and agents; each of `faults` is raised once before."""

    def __init__(self, store: Store, *faults: Exception, model: FakeModel | None = None) -> None:
        self.agent = LocalAgent("e0", store, model or FakeModel())
        self._store, self._faults = store, list(faults)

    def __call__(self) -> tuple[Store, Mapping[str, AgentPort]]:
        if self._faults:
            raise self._faults.pop(0)
        return self._store, {"e0": self.agent}


async def terms(store: Store) -> list[int]:
    return [event.term for event in await store.read("r", 0, 0) if isinstance(event, RunStarted)]


async def test_it_waits_for_the_acceptance_and_writes_the_files(store: GroupStore, tmp_path: Path) -> None:
    driving = asyncio.create_task(DetachedDriver(tmp_path, "r", 0, "driver-r-1", Opened(store)).drive())
    await asyncio.sleep(0)
    await accepted(store, *ITEMS)
    async with asyncio.timeout(20):
        assert await driving == "completed"
    assert sorted(file.name for file in (tmp_path / "runs" / "r").iterdir()) == ["a.md", "b.md"]
    assert not is_driven(tmp_path, await store.run("r"))


async def test_one_that_is_let_go_before_the_acceptance_ends(store: GroupStore, tmp_path: Path) -> None:
    driver = DetachedDriver(tmp_path, "r", 0, "driver-r-1", Opened(store))
    driving = asyncio.create_task(driver.drive())
    await asyncio.sleep(0)
    driver.drain()
    async with asyncio.timeout(5):
        assert "there is no run 'r'" in await driving


async def test_a_failure_is_tried_again(store: GroupStore, tmp_path: Path) -> None:
    await accepted(store, *ITEMS)
    opened = Opened(store, FleetError("gone for a moment"), RuntimeError("a bug"))
    async with asyncio.timeout(20):
        assert await DetachedDriver(tmp_path, "r", 0, "driver-r-1", opened).drive() == "completed"


async def test_a_damaged_store_is_not_tried_again(store: GroupStore, tmp_path: Path) -> None:
    await accepted(store, *ITEMS)
    opened = Opened(store, StoreDamaged("store.db is damaged"))
    assert await DetachedDriver(tmp_path, "r", 0, "driver-r-1", opened).drive() == "store.db is damaged"


async def test_after_its_death_it_goes_on_in_the_next_term(store: GroupStore, tmp_path: Path) -> None:
    await accepted(store, *ITEMS)
    model = BlockedModel()
    opened = Opened(store, model=model)
    first = asyncio.create_task(DetachedDriver(tmp_path, "r", 0, "driver-r-1", opened).drive())
    await model.arrived.get()
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    model.release.set()
    async with asyncio.timeout(20):
        assert await DetachedDriver(tmp_path, "r", 0, "driver-r-1", opened).drive() == "completed"
    assert await terms(store) == [1, 2]
    assert len(model.requests) == 2


async def test_one_whose_run_was_taken_over_ends(store: GroupStore, tmp_path: Path) -> None:
    await accepted(store, *ITEMS)
    await store.claim("r", "somebody else")
    ended = await DetachedDriver(tmp_path, "r", 0, "driver-r-1", Opened(store)).drive()
    assert ended == "run r was taken by somebody else in term 1"
    assert await terms(store) == []


async def test_a_drained_one_pauses_the_run(store: GroupStore, tmp_path: Path) -> None:
    await accepted(store, *ITEMS)
    model = BlockedModel()
    driver = DetachedDriver(tmp_path, "r", 0, "driver-r-1", Opened(store, model=model))
    driving = asyncio.create_task(driver.drive())
    await model.arrived.get()
    driver.drain()
    model.release.set()
    async with asyncio.timeout(20):
        assert await driving == "paused"
    assert len(model.requests) == 1

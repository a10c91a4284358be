"""A run in the process of its command: what a signal ends and what it lets end, on a fleet without Ray."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from actors.events import ItemClosed
from actors.settings import Settings
from actors.stores.group import GroupStore
from actors.stores.protocol import RunRecord, Store
from actors.work import Item, RunStatus
from cluster.fleets.embedded import SIGNALS, Session
from cluster.home.config import store_path
from tests.support.fakes import BlockedModel, LocalAgent, accepted

ITEMS = (Item(id="a", description="x"), Item(id="b", description="x", dependencies=("a",)))


class Here:
    """A fleet in this process."""

    def __init__(self, settings: Settings, model: BlockedModel) -> None:
        self.store = GroupStore(store_path(settings.home))
        self.agents = {"e0": LocalAgent("e0", self.store, model)}

    async def guard(self) -> None:
        """See Fleet."""
        await asyncio.Event().wait()


@pytest.fixture
async def model() -> BlockedModel:
    return BlockedModel()


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def session(tmp_path: Path, model: BlockedModel, said: list[str]) -> Session:
    @asynccontextmanager
    async def fleet(settings: Settings, _models: frozenset[str]) -> AsyncIterator[Here]:
        here = Here(settings, model)
        yield here
        await here.agents["e0"].stop()
        await here.store.close()

    return Session(Settings(home=tmp_path), frozenset(), None, lambda: said.append("farewell"), fleet)


async def opened(store: Store) -> RunRecord:
    return await accepted(store, *ITEMS)


async def unseen(_record: RunRecord, _done: Callable[[], bool]) -> None:
    """Nobody looks."""


def ended(home: Path) -> list[str]:
    store = GroupStore(store_path(home))

    async def read() -> list[str]:
        events = await store.read("r", 0, 0)
        await store.close()
        return [event.item for event in events if isinstance(event, ItemClosed)]

    return asyncio.run(read())


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
async def test_what_is_active_is_waited_for_and_nothing_new_begins(
    session: Session, model: BlockedModel, tmp_path: Path, number: signal.Signals, code: int
) -> None:
    async with asyncio.timeout(20):
        running = asyncio.create_task(session.run(opened, unseen))
        await model.arrived.get()
        os.kill(os.getpid(), number)
        while session.interrupted_by is None:
            await asyncio.sleep(0)
        model.release.set()
        assert await running is RunStatus.PAUSED
    assert SIGNALS[number] == code
    assert session.interrupted_by is number
    assert await asyncio.to_thread(ended, tmp_path) == ["a"]
    assert [file.name for file in (tmp_path / "runs" / "r").iterdir()] == ["a.md"]


async def test_a_second_one_ends_at_once(
    session: Session, model: BlockedModel, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    codes = asyncio.Queue[int]()
    monkeypatch.setattr(os, "_exit", codes.put_nowait)
    async with asyncio.timeout(20):
        running = asyncio.create_task(session.run(opened, unseen))
        await model.arrived.get()
        for number in (signal.SIGTERM, signal.SIGINT):
            os.kill(os.getpid(), number)
        assert await codes.get() == SIGNALS[signal.SIGINT]
        assert said == ["farewell"]
        model.release.set()
        await running

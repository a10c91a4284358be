"""The store in bad moments: it cannot be opened, it is locked or closing, its writer fails, a request is unreadable."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import apsw
import pytest

from actors.errors import NotFound, StoreError, StoreUnusable
from actors.events import CancelRequested, ItemAssigned, RunStarted
from actors.processes import store as processes
from actors.processes.store import StoreProcess
from actors.stores import group
from actors.stores import requests as folder
from actors.stores.group import GroupStore
from actors.stores.sqlite import SqliteStore
from actors.work import Item
from tests.support.fakes import accepted, open_store


@pytest.fixture
async def process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[StoreProcess]:
    """A store's process without Ray, in this one."""
    monkeypatch.setattr(processes, "LOCK_RETRY_S", 0.01)
    umask = os.umask(0o077)
    yield StoreProcess(str(tmp_path / "store.db"))
    os.umask(umask)


def garbage(path: Path) -> None:
    path.write_bytes(b"not a database at all" * 100)


def foreign(path: Path) -> None:
    other = apsw.Connection(str(path))
    other.execute("create table t(x)").fetchall()
    other.close()


def robbed(path: Path) -> None:
    SqliteStore(path).close()
    own = apsw.Connection(str(path))
    own.execute("drop table events").fetchall()
    own.close()


def remove(path: Path) -> None:
    """The store's files, but not its lock."""
    for file in path.parent.glob("store.db*"):
        if not file.name.endswith("lock"):
            file.unlink()


def started() -> RunStarted:
    return RunStarted(run="r", term=1, driver="d")


@pytest.mark.parametrize("kind", [garbage, foreign, robbed])
async def test_a_store_that_could_not_be_opened_lets_go_of_its_lock(
    process: StoreProcess, tmp_path: Path, kind: Callable[[Path], None]
) -> None:
    path = tmp_path / "store.db"
    kind(path)
    assert isinstance(await process.call("claim", "r", "d"), StoreUnusable)
    remove(path)
    assert isinstance(await process.call("claim", "r", "d"), NotFound), "it is open; there is just no such run"
    await process.close()


async def test_a_lock_that_is_freed_in_the_last_pause_is_taken(
    process: StoreProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "LOCK_TRIES", 1)
    monkeypatch.setattr(processes, "LOCK_RETRY_S", 0.2)
    earlier = GroupStore(tmp_path / "store.db")
    call = asyncio.create_task(process.call("claim", "r", "d"))
    await asyncio.sleep(0)  # its only look is over
    await asyncio.sleep(0)
    await earlier.close()
    assert isinstance(await call, NotFound)
    await process.close()


async def test_an_exception_in_the_writer_answers_everybody_of_the_group(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    await accepted(store, Item(id="a", description="x"))
    await store.claim("r", "d")
    huge = ItemAssigned(run="r", item="a", epoch=2**63, attempt=1, agent="e", model="m", term=1)
    async with asyncio.timeout(5):
        answers = await asyncio.gather(
            store.append("1", [started()]), store.append("2", [huge]), return_exceptions=True
        )
        assert [type(answer) for answer in answers] == [StoreError] * 2
        assert all("the writer failed: OverflowError" in str(answer) for answer in answers)
        assert (await store.append("1", [started()])).seqs[0] is not None, "nothing was written; it goes on"
    await store.close()


async def test_an_append_during_the_close_is_answered(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    await accepted(store, Item(id="a", description="x"))
    await store.claim("r", "d")
    closing = asyncio.create_task(store.close())
    await asyncio.sleep(0)
    async with asyncio.timeout(5):
        with pytest.raises(StoreError):
            await store.append("1", [started()])
        await closing


def unreadable(path: Path) -> None:
    path.mkdir()  # an OSError for whoever reads it, root as well


def dangling(path: Path) -> None:
    path.symlink_to(path.with_name("nowhere"))


@pytest.mark.parametrize("kind", [unreadable, dangling])
async def test_a_request_that_cannot_be_read_does_not_hold_up_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: Callable[[Path], None]
) -> None:
    monkeypatch.setattr(group, "REQUESTS_POLL_S", 0.01)
    path = tmp_path / "store.db"
    store = GroupStore(path)
    await accepted(store, Item(id="a", description="x"))
    folder.folder_of(path).mkdir()
    kind(folder.folder_of(path) / "0.json")
    file = folder.leave(path, CancelRequested(run="r"))
    taking = asyncio.create_task(store.take_requests())
    seen = await store.read("r", 1, 5)
    assert [event.type for event in seen] == ["cancel_requested"]
    async with asyncio.timeout(5):
        while file.exists():
            await asyncio.sleep(0.01)
    assert not taking.done()
    taking.cancel()
    await store.close()

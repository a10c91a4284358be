"""The store's queue: bounded, fair, never stuck."""

import asyncio
import threading
from pathlib import Path

import pytest

from actors.errors import StoreUnusable
from actors.journal.rows import to_row
from actors.stores.group import GroupStore
from actors.stores.inspection import inspect
from actors.stores.queries import one
from actors.stores.room import QUEUE_ROWS, Room, rows_of
from tests.support import stores
from tests.support.stores import wish


async def turns(times: int = 5) -> None:
    """Let the tasks that can go on do so."""
    for _ in range(times):
        await asyncio.sleep(0)


def entering(room: Room, *amounts: int) -> list[asyncio.Task[None]]:
    return [asyncio.create_task(room.enter(amount)) for amount in amounts]


async def test_who_comes_first_is_first_also_when_a_small_one_would_fit() -> None:
    room = Room(10)
    await room.enter(6)
    large, small = entering(room, 5, 1)
    await turns()
    assert (large.done(), small.done(), room.waiting) == (False, False, 2)
    room.leave(6)
    await turns()
    assert (large.done(), small.done(), room.taken, room.waiting) == (True, True, 6, 0)


async def test_what_is_larger_than_the_room_has_it_alone() -> None:
    room = Room(10)
    await room.enter(1)
    huge, after = entering(room, 1000, 1)
    await turns()
    assert not huge.done()
    room.leave(1)
    await turns()
    assert (huge.done(), after.done()) == (True, False)
    room.leave(1000)
    await turns()
    assert after.done()
    assert room.taken == 1


async def test_who_gives_up_lets_the_next_one_in() -> None:
    room = Room(10)
    await room.enter(8)
    huge, small = entering(room, 100, 2)
    await turns()
    huge.cancel()
    await turns()
    assert small.done()
    assert not small.cancelled()
    assert (room.taken, room.waiting) == (10, 0)


async def test_who_gives_up_as_its_turn_comes_gives_the_room_back() -> None:
    room = Room(10)
    await room.enter(10)
    first, second = entering(room, 10, 10)
    await turns()
    room.leave(10)  # it is the first one's now, which does not know yet
    first.cancel()
    await turns()
    assert first.cancelled()
    assert second.done()
    assert room.taken == 10


def test_what_an_append_takes() -> None:
    assert (rows_of([], {}), rows_of([1, 2], {"a": "b"})) == (1, 3)
    assert Room().size == QUEUE_ROWS


class SlowStore(GroupStore):
    """Its disk waits until it is released."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.release, self.groups = threading.Event(), list[int]()
        self.quick, self._writer.commit = self._writer.commit, self._slowly  # type: ignore[method-assign]
        self._room = Room(100)

    def _slowly(self, appends):  # type: ignore[no-untyped-def]
        self.release.wait(30)
        self.groups.append(sum(len(append.rows) for append in appends))
        return self.quick(appends)


async def test_callers_hold_what_the_queue_does_not_and_all_of_it_is_written_in_order(tmp_path: Path) -> None:
    store = SlowStore(tmp_path / "store.db")
    await store.accept(stores.plan("r"))
    rows = {i: [to_row(wish("r", f"{i}"))] * (1000 if i == 50 else 10) for i in range(100)}
    callers = [asyncio.create_task(store.append_rows(f"{i}", rows[i], {})) for i in rows]
    await turns()
    assert store._room.taken == 100
    assert store._room.waiting == 90
    assert sum(len(append.rows) for append, _ in store._pending) <= 100
    store.release.set()
    async with asyncio.timeout(20):
        seqs = [seq for answer in await asyncio.gather(*callers) for seq in answer]
    assert seqs == list(range(2, 2 + 99 * 10 + 1000)), "nobody overtook anybody"
    assert store._room.taken == 0
    assert 1000 in store.groups, "alone"
    assert max(group for group in store.groups if group != 1000) <= 100
    await store.close()
    assert list(inspect(tmp_path / "store.db")) == []


async def test_a_failing_disk_gives_the_room_back(tmp_path: Path) -> None:
    store = SlowStore(tmp_path / "store.db")
    store.release.set()
    await store.accept(stores.plan("r"))
    store._writer.db.execute(f"pragma max_page_count = {one(store._writer.db, 'pragma page_count')}").fetchall()
    payloads = {f"{i}": "x" * 10_000 for i in range(50)}
    for i in range(5):
        with pytest.raises(StoreUnusable, match="disk is full"):
            await store.append_rows(f"{i}", [], payloads)
    assert store._room.taken == 0
    await store.close()
    assert store._room.waiting == 0

"""Result files: a view that waits for better times where it cannot be written."""

import asyncio
from collections.abc import Collection
from pathlib import Path

import apsw
import pytest

from actors.errors import PayloadMissing
from actors.events import Event
from actors.stores.reader import Reader
from actors.work import Item
from cluster.driving.driver import Driver
from cluster.results.files import ResultFiles
from tests.support.fakes import FakeModel, LocalAgent, accepted, open_store
from tests.support.histories import accept, assigned, closed
from tests.support.homes import LONG, answered


async def test_a_result_that_the_store_has_lost_holds_up_no_other_and_is_named(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    await accept(store, (Item(id="a", description="x"), Item(id="b", description="x")))
    await store.append("1", [assigned("a"), assigned("b")])
    ends = [closed("a", answered(None, "f" * 64)), closed("b", answered("done"))]
    await store.append("2", ends, {"f" * 64: LONG})
    await store.close()
    db = apsw.Connection(str(tmp_path / "store.db"))
    db.execute("delete from payloads").fetchall()
    db.close()
    reader = Reader(tmp_path / "store.db")
    files = ResultFiles(reader, "r", tmp_path)
    for _ in range(2):
        with pytest.raises(PayloadMissing, match="no file of the results of a: the store misses them"):
            files.catch_up()
    assert [path.name for path in files.folder.iterdir()] == ["b.md"]
    reader.close()


class WatchedReader(Reader):
    """Tells of every look at the journal."""

    looks: asyncio.Queue[int]

    def events(self, run: str, after: int = 0, exclude: Collection[str] = (), limit: int = 10_000_000) -> list[Event]:
        self.looks.put_nowait(after)
        return super().events(run, after, exclude, limit)


async def test_a_result_file_that_cannot_be_written_waits_and_stops_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ResultFiles, "POLL_S", 0.01)
    store = open_store(tmp_path)
    agent = LocalAgent("e", store, FakeModel())
    record = await accepted(store, Item(id="a", description="x"), Item(id="b", description="x", dependencies=("a",)))
    await Driver(record, store, {"e": agent}, "d").drive()
    reader = WatchedReader(tmp_path / "store.db")
    reader.looks = asyncio.Queue()
    files = ResultFiles(reader, "r", tmp_path)
    (files.folder / "a.md").mkdir(parents=True)  # an OSError as a full disk's
    following = asyncio.create_task(files.follow())
    async with asyncio.timeout(5):
        await reader.looks.get()
        await reader.looks.get()  # the look before has failed
        (files.folder / "a.md").rmdir()
        while not (files.folder / "b.md").exists():
            await reader.looks.get()
    assert (files.folder / "a.md").read_text() == "done\n"
    assert not following.done()
    following.cancel()
    await agent.stop()
    await store.close()
    reader.close()

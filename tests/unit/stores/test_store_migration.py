"""A store of an earlier schema is brought forward, once, with its old self kept beside it."""

import os
import re
from pathlib import Path

import apsw
import pytest

from actors.errors import StoreOutdated, StoreUnusable
from actors.events import ItemClosed
from actors.stores import opening
from actors.stores.group import GroupStore
from actors.stores.inspection import inspect
from actors.stores.migrations import kept
from actors.stores.reader import Reader
from actors.stores.schema import VERSION
from actors.stores.sqlite import SqliteStore
from actors.work import Content, Result
from cluster.cli.journal import current, opened
from cluster.doctor import store as doctor
from tests.support.stores import make_1


def version(path: Path) -> int:
    db = apsw.Connection(str(path))
    try:
        return int(db.execute("pragma user_version").get)
    finally:
        db.close()


def schema(path: Path) -> dict[str, list[str]]:
    """Columns by table and index."""
    db = apsw.Connection(str(path))
    try:
        names = [row[0] for row in db.execute("select name from sqlite_schema where name not like 'sqlite_%'")]
        return {n: [row[1:4] for row in db.execute(f"select * from pragma_table_xinfo('{n}')")] for n in sorted(names)}
    finally:
        db.close()


async def test_a_store_of_schema_1_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    make_1(path)
    store = GroupStore(path)
    assert [(await store.run(name)).revises for name in ("monday", "open")] == [None, None]
    assert [event.type for event in await store.read("ended", 0, 0)][-1] == "run_finished"
    done = Result(data=Content(text="42"), model="scripted")
    closed = ItemClosed(run="open", item="a", epoch=1, attempt=1, agent="executor-0", generation=1, outcome=done)
    assert (await store.append("append-8", [closed])).seqs == (8,), "an append of before is the same append still"
    assert (await store.append("new", [closed])).seqs == (9,)
    await store.close()
    assert list(inspect(path)) == []
    assert version(path) == VERSION
    assert version(kept(path, 1)) == 1
    assert kept(path, 1).stat().st_mode & 0o777 == 0o600


async def test_its_tables_are_those_of_a_new_store(tmp_path: Path) -> None:
    make_1(tmp_path / "store.db")
    for name in ("store.db", "new.db"):
        SqliteStore(tmp_path / name).close()
    old, new = schema(tmp_path / "store.db"), schema(tmp_path / "new.db")
    assert old == new


def test_the_kept_file_is_the_old_store_whole(tmp_path: Path) -> None:
    path, again = tmp_path / "store.db", tmp_path / "again.db"
    make_1(path)
    SqliteStore(path).close()
    kept(path, 1).rename(again)
    SqliteStore(again).close()
    assert list(inspect(again)) == []
    reader, other = Reader(path), Reader(again)
    assert reader.events("ended") == other.events("ended")
    assert len(reader.events("ended")) == 5
    reader.close()
    other.close()


def test_readers_bring_it_forward_when_nobody_writes(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    make_1(path)
    with pytest.raises(
        StoreOutdated, match=f"has schema 1, this version reads {VERSION}; `mnemosyne status` brings it forward"
    ):
        Reader(path)
    (finding,) = doctor.store(path)
    assert (finding.level, finding.cure) == ("warning", "mnemosyne status")
    with opened(tmp_path) as reader:
        assert [run.run for run in reader.runs()] == ["ended", "open"]


def test_readers_leave_it_to_the_process_that_writes(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    make_1(path)
    lock = opening.lock(path)
    with pytest.raises(StoreOutdated, match=f"now process {os.getpid()} does; let it finish or end it"):
        current(path)
    os.close(lock)
    assert version(path) == 1
    assert not kept(path, 1).exists()


def test_a_disk_without_room_for_the_copy_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    make_1(path)
    kept(path, 1).with_name("store.db.v1.part").mkdir()  # nothing can be written there
    with pytest.raises(StoreUnusable, match=r"store\.db"):
        SqliteStore(path)
    assert version(path) == 1
    kept(path, 1).with_name("store.db.v1.part").rmdir()
    SqliteStore(path).close()
    assert version(path) == VERSION


def test_a_schema_without_a_way_forward_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    make_1(path)
    db = apsw.Connection(str(path))
    db.execute("pragma user_version = 0").fetchall()
    db.close()
    before = path.read_bytes()
    with pytest.raises(StoreUnusable, match="not a store of mnemosyne; it was left as it is"):
        SqliteStore(path)
    assert path.read_bytes() == before


def test_the_page_of_the_store_knows_every_schema() -> None:
    page = (Path(__file__).parents[3] / "docs" / "store.md").read_text()
    assert [int(row) for row in re.findall(r"^\| (\d+) \| \d", page, re.MULTILINE)] == list(range(1, VERSION + 1))
    assert f"has schema {VERSION + 1}, this version knows {VERSION} " in page
    assert f"has schema {VERSION - 1}, this version reads {VERSION} " in page

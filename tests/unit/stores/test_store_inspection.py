"""`store check` finds what is not as it has to be, each with its cure; a good store has no findings."""

import random
import re
import threading
from itertools import count
from pathlib import Path

import apsw
import pytest

from actors.errors import StoreUnusable
from actors.journal.rows import to_row
from actors.stores import copying
from actors.stores.inspection import inspect
from actors.stores.reader import Reader
from actors.stores.writer import Append
from tests.support import stores
from tests.support.histories import items, write_run

BODY = "update events set body = json_set(body, '$.{}', json('{}')) where seq = (select max(seq) from events where {})"

DAMAGES = [
    ("update payloads set text = text || 'x'", "is not the one that was stored"),
    ("delete from payloads where hash like '%'", "an input of item 'a' refers to the text"),
    ("delete from payloads where hash like '%'", "the result of item 'a' refers to the text"),
    ("update attempts set done = 1 where item = 'b'", "run half: events and attempts disagree about 1 items"),
    ("update attempts set open = 1 where item = 'b'", "run half: events and attempts disagree about 1 items"),
    ("delete from attempts where run = 1", "run old-1: events and attempts disagree about 2 items"),
    ("delete from items where position = 1", "run half: 1 items are there, 2 were accepted"),
    ("delete from items where position = 1", "is about item 'b', which is not in the plan"),
    ("delete from events where type = 'item_reused'", "run half: events and attempts disagree"),
    (BODY.format("counts.complete", "3", "type = 'run_finished'"), "run old-2: it ended with the counts"),
    (BODY.format("counts.failed", "1", "type = 'run_finished'"), "run old-2: it ended with the counts"),
    (BODY.format("type", '"item_vanished"', "1"), "items or events cannot be understood"),
    (BODY.format("run", '"old-1"', "type = 'item_reused'"), "names another run, 'old-1'"),
    ("update items set body = '{}' where run = 1", "run old-1: items or events cannot be understood: 0.id"),
    ("update events set run = 77 where type = 'item_reused'", r"belong to a run that is not there \(row 77\)"),
    ("pragma foreign_keys = off; delete from runs where run = 'half'", "a row of attempts belongs to no row of runs"),
    ("insert into events values(999, 0, 1.0, 'x', '{\"type\": \"x\"}')", "events of the fleet cannot be understood"),
]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = tmp_path / "store.db"
    stores.make(made)
    return made


def test_a_good_store_has_no_findings(path: Path) -> None:
    assert list(inspect(path)) == []


@pytest.mark.parametrize(("damage", "finding"), DAMAGES)
def test_each_damage_is_found(path: Path, damage: str, finding: str) -> None:
    db = apsw.Connection(str(path))
    db.execute(damage).fetchall()
    db.close()
    before = path.read_bytes()
    found = list(inspect(path))
    assert any(re.search(finding, one.what) for one in found), found
    assert all("bring back a backup" in one.cure for one in found)
    assert path.read_bytes() == before


def test_an_index_that_lost_a_row_is_found(path: Path) -> None:
    db = apsw.Connection(str(path))
    db.execute(
        "pragma writable_schema = on; update sqlite_schema set sql = "
        "'create index events_by_run on events(run, at)' where name = 'events_by_run'"
    ).fetchall()
    db.close()
    assert any("damaged" in found.what for found in inspect(path))


async def test_random_histories_have_no_findings(tmp_path: Path) -> None:
    for seed in range(20):
        rng = random.Random(seed)
        home = tmp_path / f"{seed}"
        home.mkdir()
        await write_run(home, items(a=[], b="a", c="a", d="bc"), rng, key="k")
        assert list(inspect(home / "store.db")) == [], seed


def test_a_store_that_is_not_there_is_refused_and_not_made(tmp_path: Path) -> None:
    with pytest.raises(StoreUnusable, match="there is no store here yet"):
        list(inspect(tmp_path / "store.db"))
    assert list(tmp_path.iterdir()) == []


def test_beside_a_living_writer_one_state_is_read(path: Path) -> None:
    with stores.writer(path) as store:
        findings = inspect(path)
        stores.begin(store, "new")
        assert list(findings) == []
        stores.finish(store, "new")
        assert list(inspect(path)) == []


def test_a_copy_beside_a_writer_that_never_rests_is_one_moment_of_the_store(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copying, "PAGES", 1)
    copy, busy, over, done = path.with_name("copy.db"), threading.Event(), threading.Event(), list[int]()

    def write() -> None:
        with stores.writer(path) as store:
            store.commit([Append("large", [], dict([stores.long_text("a large store" * 1000)]))])
            for number in count():
                store.commit([Append(f"{number}", [to_row(stores.wish("half", f"{number}"))] * 3, {})])
                done.append(number)
                busy.set()
                if over.is_set():
                    return

    writing = threading.Thread(target=write)
    writing.start()
    assert busy.wait(30)
    reader = Reader(path)
    before = len(done)
    copying.copy(reader.db, copy)
    after = len(done)
    over.set()
    writing.join(30)
    reader.close()
    assert list(inspect(copy)) == []
    copied = Reader(copy)
    wishes = [event for event in copied.events("half") if event.type == "cancel_requested"]
    assert wishes
    assert len(wishes) % 3 == 0, "whole appends only"
    assert before <= len(wishes) // 3 <= (before + after) // 2, "of the moment at which it began, not of its end"
    copied.close()


def test_two_copies_to_the_same_place_at_once_are_refused(path: Path) -> None:
    reader, copy = Reader(path), path.with_name("copy.db")
    with (
        copying._owned(path.with_name("copy.db.part")),
        pytest.raises(StoreUnusable, match="written by another process"),
    ):
        copying.copy(reader.db, copy)
    copying.copy(reader.db, copy)  # what the first one left is no hindrance
    reader.close()
    assert list(inspect(copy)) == []
    assert not path.with_name("copy.db.part").exists()


def test_a_copy_that_fails_leaves_nothing(path: Path) -> None:
    with path.open("r+b") as opened:
        opened.seek(4096 * 2)
        opened.write(b"garbage" * 500)
    reader = Reader(path)
    with pytest.raises(apsw.CorruptError):
        copying.copy(reader.db, path.with_name("copy.db"))
    reader.close()
    assert sorted(file.name for file in path.parent.glob("copy*")) == []

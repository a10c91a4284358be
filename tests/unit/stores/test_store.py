"""The store: idempotent appends, the compare-and-swap of attempts, fencing, readers, refusals."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import apsw
import pytest

from actors.errors import NotFound, StaleTerm, StoreLocked, StoreUnusable, UserError
from actors.events import Event, ItemAssigned, ItemClosed, ItemFailed, ItemStarted, RunAccepted
from actors.stores.group import GroupStore
from actors.stores.protocol import Accept
from actors.stores.queries import one
from actors.stores.reader import Reader
from actors.work import Content, Failure, FailureKind, Item, Lost, Outcome, Result, Role

ITEMS = (Item(id="a", description="first"), Item(id="b", description="second", dependencies=("a",)))
PLAN = Accept("r1", None, "plan", "digest", "scripted", ITEMS, {"hash": "a long text"})
DONE = Result(data=Content(text="42"), model="scripted")


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[GroupStore]:
    made = GroupStore(tmp_path / "store.db")
    yield made
    await made.close()


def assigned(epoch: int, term: int = 1, item: str = "a") -> ItemAssigned:
    return ItemAssigned(run="r1", item=item, epoch=epoch, attempt=1, agent="e", model="scripted", term=term)


def closed(epoch: int, outcome: Outcome = DONE) -> ItemClosed:
    return ItemClosed(run="r1", item="a", epoch=epoch, attempt=1, agent="e", generation=1, outcome=outcome)


async def taken(store: GroupStore, id_: str, *events: Event) -> list[bool]:
    return [seq is not None for seq in (await store.append(id_, events)).seqs]


async def driven(store: GroupStore) -> None:
    await store.accept(PLAN)
    assert await store.claim("r1", "driver") == 1


async def test_an_accepted_plan_is_on_disk_whole(store: GroupStore, tmp_path: Path) -> None:
    record = await store.accept(PLAN)
    assert (record.run, record.items, record.term) == ("r1", 2, 0)
    reader = Reader(tmp_path / "store.db")
    assert reader.items("r1") == ITEMS
    assert reader.payloads(["hash"]) == {"hash": "a long text"}
    (event,) = reader.events("r1")
    assert isinstance(event, RunAccepted)
    assert event.seq == record.accepted_seq
    assert await store.accept(PLAN) == record, "accepting the same run again is the same run"
    assert len(reader.events("r1")) == 1
    reader.close()


async def test_a_key_belongs_to_one_run(store: GroupStore) -> None:
    await store.accept(PLAN._replace(key="k"))
    with pytest.raises(UserError, match="belongs to run r1"):
        await store.accept(PLAN._replace(run="r2", key="k", digest="another"))
    with pytest.raises(NotFound):
        await store.run("r2")
    assert (await store.run("k")).run == "r1"


async def test_the_same_append_twice_is_done_once(store: GroupStore) -> None:
    await driven(store)
    first = await store.append("id", [assigned(1)])
    assert await store.append("id", [assigned(1)]) == first
    assert len([e for e in await store.read("r1", 0, 0) if isinstance(e, ItemAssigned)]) == 1


async def test_an_attempt_is_opened_once_and_closed_once(store: GroupStore) -> None:
    await driven(store)
    assert await taken(store, "1", assigned(2)) == [False], "epoch 1 was never opened"
    assert await taken(store, "2", assigned(1), assigned(1)) == [True, False]
    assert await taken(store, "3", closed(1, Lost(message="killed"))) == [True]
    assert await taken(store, "4", closed(1)) == [False], "a zombie's outcome comes second"
    assert await taken(store, "5", assigned(2), closed(1), closed(2)) == [True, False, True]
    assert await taken(store, "6", assigned(3), closed(2)) == [False, False], "a finished item never starts again"


async def test_a_start_of_an_attempt_that_is_over_is_not_recorded(store: GroupStore) -> None:
    await driven(store)
    start = ItemStarted(run="r1", item="a", epoch=1, agent="e", generation=1)
    assert await taken(store, "1", assigned(1), start, closed(1), start) == [True, True, True, False]


async def test_an_item_ends_in_one_state(store: GroupStore) -> None:
    await driven(store)
    failed = ItemFailed(run="r1", item="a", attempts=1, reason=FailureKind.REFUSAL, message="no", term=1)
    bad = Failure(reason=FailureKind.REFUSAL, message="no")
    assert await taken(store, "1", assigned(1), failed) == [True, False], "its attempt is still open"
    assert await taken(store, "2", closed(1, bad), failed, failed) == [True, True, False]
    assert await taken(store, "3", assigned(2)) == [False]


async def test_a_driver_of_an_old_term_writes_nothing(store: GroupStore) -> None:
    await driven(store)
    assert await store.claim("r1", "other") == 2
    with pytest.raises(StaleTerm, match="driven by other in term 2; term 1 is over"):
        await store.append("1", [assigned(1, term=1)])
    results = await asyncio.gather(
        store.append("2", [assigned(1, term=1)]), store.append("3", [assigned(1, term=2)]), return_exceptions=True
    )
    assert isinstance(results[0], StaleTerm), "one append's refusal does not touch its neighbours"
    assert results[1].seqs[0] is not None  # type: ignore[union-attr]


async def test_a_reader_waits_for_the_next_commit_and_no_longer(store: GroupStore) -> None:
    record = await store.accept(PLAN)
    assert await store.read("r1", record.accepted_seq, 0.01) == []
    waiting = asyncio.create_task(store.read("r1", record.accepted_seq, 30))
    await asyncio.sleep(0)
    await store.claim("r1", "driver")
    await store.append("1", [assigned(1)])
    (event,) = await waiting
    assert (event.seq, event.type) == (record.accepted_seq + 1, "item_assigned")
    assert await store.read("r1", record.accepted_seq, 0, exclude=["item_assigned"]) == []


async def test_the_fleets_events_are_everybodys(store: GroupStore) -> None:
    await store.accept(PLAN)
    assert await store.register("executor-0", Role.EXECUTOR, 1, "node") == 1
    assert await store.register("executor-0", Role.EXECUTOR, 2, "node") == 2
    assert [e.type for e in await store.read("r1", 0, 0)] == ["run_accepted", "agent_started", "agent_started"]


async def test_a_second_writer_is_refused(store: GroupStore, tmp_path: Path) -> None:
    with pytest.raises(StoreLocked, match="another process writes"):
        GroupStore(tmp_path / "store.db")


async def test_a_foreign_file_a_newer_schema_and_a_broken_file_are_left_alone(tmp_path: Path) -> None:
    foreign = tmp_path / "foreign.db"
    apsw.Connection(str(foreign)).execute("create table t(x)").fetchall()
    with pytest.raises(StoreUnusable, match="not a store of mnemosyne"):
        GroupStore(foreign)
    newer = tmp_path / "newer.db"
    await GroupStore(newer).close()
    apsw.Connection(str(newer)).execute("pragma user_version = 99").fetchall()
    for kind in (GroupStore, Reader):
        with pytest.raises(StoreUnusable, match="schema 99"):
            kind(newer)
    broken = tmp_path / "broken.db"
    broken.write_bytes(b"not a database at all" * 100)
    for kind in (GroupStore, Reader):
        with pytest.raises(StoreUnusable, match="not a database"):
            kind(broken)
    assert broken.read_bytes() == b"not a database at all" * 100


async def test_a_full_disk_refuses_loses_nothing_and_goes_on(store: GroupStore, tmp_path: Path) -> None:
    await driven(store)
    pages = one(store._writer.db, "pragma page_count")
    store._writer.db.execute(f"pragma max_page_count = {pages}").fetchall()
    big = {f"h{i}": "x" * 100_000 for i in range(3)}
    with pytest.raises(StoreUnusable, match="disk is full"):
        await store.append("1", [assigned(1)], big)
    assert [e.type for e in await store.read("r1", 0, 0)] == ["run_accepted"]
    store._writer.db.execute("pragma max_page_count = 1000000").fetchall()
    assert await taken(store, "1", assigned(1)) == [True]


async def test_everything_is_there_after_closing_and_opening(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    first = GroupStore(path)
    await driven(first)
    await first.append("1", [assigned(1), closed(1)])
    events = await first.read("r1", 0, 0)
    await first.close()
    second = GroupStore(path)
    assert await second.read("r1", 0, 0) == events
    assert (await second.append("2", [assigned(1, item="b")])).seqs == (events[-1].seq + 1,)
    await second.close()

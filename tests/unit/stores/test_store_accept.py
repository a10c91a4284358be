"""Accepting a plan: the same plan twice, a key that is taken, results that are taken over; and claiming a run."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from actors.errors import NotFound, PayloadMissing, StaleTerm, UserError
from actors.events import ItemCancelled, RunFinished
from actors.journal.rows import to_row
from actors.stores import upkeep
from actors.stores.group import GroupStore
from actors.stores.inspection import inspect
from actors.stores.memory import MemoryStore
from actors.stores.protocol import Accept, Store
from actors.work import RunStatus
from tests.support import stores
from tests.support.stores import plan, result, reused, worked


@pytest.fixture
async def disk(tmp_path: Path) -> AsyncIterator[GroupStore]:
    made = GroupStore(tmp_path / "store.db")
    yield made
    await made.close()
    assert list(inspect(tmp_path / "store.db")) == []


@pytest.fixture(params=["disk", "memory"])
def store(request: pytest.FixtureRequest, disk: GroupStore) -> Store:
    """The store, and its twin in memory, which has to do the same."""
    return disk if request.param == "disk" else MemoryStore()


async def begun(store: Store, run: str = "old", key: str | None = "monday") -> None:
    await store.accept(plan(run, key))
    await store.claim(run, "driver")
    outcome, payloads = result(run)
    await store.append(f"{run}-a", worked(run, "a", outcome), payloads)


def revision(run: str = "new", key: str | None = "monday", digest: str = "other") -> Accept:
    return plan(run, key, digest)._replace(revises="old", reused=(reused(run, "old"),))


async def types(store: Store, run: str) -> list[str]:
    return [event.type for event in await store.read(run, 0, 0)]


async def test_the_same_plan_under_its_key_is_the_same_run(store: Store) -> None:
    first, second = await asyncio.gather(store.accept(plan("r1", "k")), store.accept(plan("r2", "k")))
    assert first == second
    assert first.run == "r1"
    with pytest.raises(NotFound):
        await store.run("r2")
    assert await types(store, "r1") == ["run_accepted"]


@pytest.mark.parametrize("change", [{"digest": "other"}, {"model": "claude"}])
async def test_another_plan_under_a_key_is_refused_with_both_ways_on(store: Store, change: dict[str, Any]) -> None:
    await store.accept(plan("r1", "k"))
    with pytest.raises(UserError, match=r"belongs to run r1.*another --key.*`mnemosyne resume k --plan FILE`"):
        await store.accept(plan("r2", "k")._replace(**change))
    with pytest.raises(NotFound):
        await store.run("r2")


async def test_a_revision_takes_over_key_and_results_and_ends_the_old_run(store: Store) -> None:
    await begun(store)
    record = await store.accept(revision())
    assert (record.run, record.key, record.revises, record.term) == ("new", "monday", "old", 0)
    assert (await store.run("monday")).run == "new"
    assert (await store.run("old")).key is None
    assert await types(store, "new") == ["run_accepted", "item_reused"]
    assert await types(store, "old") == ["run_accepted", "item_assigned", "item_closed", "cancel_requested"]
    await store.claim("new", "driver")
    again = [event.model_copy(update={"item": "a"}) for event in worked("new", "a", result("old")[0])]
    assert (await store.append("again", again, {})).seqs == (None, None), "what is reused never runs again"


async def test_a_waiting_driver_of_the_old_run_wakes_up(store: Store) -> None:
    await begun(store)
    last = (await store.read("old", 0, 0))[-1].seq
    waiting = asyncio.create_task(store.read("old", last, 30, exclude=["item_assigned"]))
    await asyncio.sleep(0)
    await store.accept(revision())
    assert [event.type for event in await waiting] == ["cancel_requested"]


async def test_a_finished_run_is_not_cancelled_by_its_revision(store: Store) -> None:
    await begun(store)
    end = RunFinished(run="old", term=1, status=RunStatus.CANCELLED, counts={"complete": 1, "cancelled": 1})
    await store.append("end", [ItemCancelled(run="old", item="b", term=1), end])
    await store.accept(revision())
    assert "cancel_requested" not in await types(store, "old")


async def test_the_same_revision_twice_is_one_run(store: Store) -> None:
    await begun(store, key=None)
    first = await store.accept(revision("new", None))
    assert await store.accept(revision("newer", None)) == first
    assert first.key is None
    assert (await types(store, "old")).count("cancel_requested") == 1


async def test_a_revision_without_a_key_of_its_own_gets_the_old_one(store: Store) -> None:
    await begun(store)
    assert (await store.accept(revision(key=None))).key == "monday"


async def test_a_revision_of_the_same_plan_is_a_new_run(store: Store) -> None:
    """Its prompts may have changed."""
    await begun(store)
    assert (await store.accept(revision(digest="digest"))).run == "new"


async def test_a_revision_under_another_runs_key_is_refused(store: Store) -> None:
    await begun(store)
    await store.accept(plan("third", "tuesday"))
    with pytest.raises(UserError, match="belongs to run third"):
        await store.accept(revision(key="tuesday"))
    assert (await store.run("monday")).run == "old"


async def test_what_cannot_be_taken_over_leaves_everything_as_it_was(store: Store) -> None:
    await begun(store)
    before = await types(store, "old")
    bad = revision()
    for wrong in (reused("old", "old"), reused("new", "old", "nobody")):
        with pytest.raises(UserError, match="cannot be reused"):
            await store.accept(bad._replace(reused=(reused("new", "old"), wrong)))
    with pytest.raises(PayloadMissing, match="result of item 'b' is gone"):
        await store.accept(bad._replace(reused=(reused("new", "never", "b"),)))
    with pytest.raises(NotFound):
        await store.accept(bad._replace(revises="nobody"))
    with pytest.raises(NotFound):
        await store.run("new")
    assert await types(store, "old") == before
    assert (await store.run("monday")).run == "old"


async def test_a_plan_crosses_processes_as_json(disk: GroupStore) -> None:
    await begun(disk)
    whole = revision()
    items = [(item.id, item.model_dump_json()) for item in whole.items]
    record = await disk.accept_stated(
        whole._replace(items=(), reused=()), items, [to_row(event).body for event in whole.reused]
    )
    assert record.items == 2
    assert await disk.items("new") == whole.items
    assert await types(disk, "new") == ["run_accepted", "item_reused"]
    event = (await disk.read("new", 0, 0))[-1]
    assert event.model_copy(update={"seq": 0, "at": 0.0}) == whole.reused[0]


async def test_a_claim_with_a_term_that_is_over_changes_nothing(store: Store) -> None:
    await store.accept(plan("r"))
    assert await store.claim("r", "one", 0) == 1
    with pytest.raises(StaleTerm, match="run r is driven by one in term 1; term 0 is over"):
        await store.claim("r", "two", 0)
    assert ((await store.run("r")).driver, (await store.run("r")).term) == ("one", 1)
    taken = await asyncio.gather(store.claim("r", "two", 1), store.claim("r", "three", 1), return_exceptions=True)
    assert [type(answer) for answer in taken] == [int, StaleTerm]
    assert await store.claim("r", "four") == 3


async def test_a_pruned_store_gives_no_number_twice(tmp_path: Path) -> None:
    path = tmp_path / "pruned.db"
    with stores.writer(path) as writer:
        stores.begin(writer, "old")
        stores.finish(writer, "old")
        last = writer._seq
        (old,) = upkeep.finished_before(writer.db, stores.LONG_AGO + 1)
        upkeep.remove(writer, old)
    with stores.writer(path) as writer:
        assert writer.accept(plan("new")).accepted_seq == last + 1
        assert writer.db.execute("select id from runs").get == old.id + 1

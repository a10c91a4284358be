"""What every store promises of runs that grow: their items come once, whole, and by the driver that holds the run."""

import pytest

from actors.errors import MnemosyneError, NotFound, PayloadMissing, StaleTerm, UserError
from actors.events import ItemJoined, ItemsAdded
from actors.stores.protocol import Accept, Store, TakenOver
from actors.work import Content
from tests.support.store_facts import DONE, ITEMS, PLAN, added, assigned, closed, driven, reused, taken, types


async def test_items_that_are_added_stand_behind_those_of_the_plan_and_can_be_done(store: Store) -> None:
    await driven(store)
    growth = added("a", "a[0]", "a[1]")
    assert await taken(store, "1", growth) == [True]
    assert await store.items("r") == (*ITEMS, *growth.items)
    assert (await store.run("r")).items == 4
    assert await taken(store, "2", assigned(1, item="a[0]"), closed(1, item="a[0]")) == [True, True]
    joined = ItemJoined(run="r", item="a", outcome=DONE, term=1)
    assert await taken(store, "3", joined, joined) == [True, False]
    assert await taken(store, "4", assigned(1)) == [False], "it is complete"


async def test_the_same_append_again_adds_nothing(store: Store) -> None:
    await driven(store)
    assert await taken(store, "1", added("a", "x")) == await taken(store, "1", added("a", "x")) == [True]
    assert len(await store.items("r")) == 3
    assert await types(store) == ["run_accepted", "items_added"]


async def test_what_is_there_already_is_refused_as_a_whole(store: Store) -> None:
    await driven(store)
    assert await taken(store, "1", added("a", "x"), added("a", "y", "x"), added("a", "b")) == [True, False, False]
    assert [item.id for item in await store.items("r")] == ["b", "a", "x"]


async def test_an_item_that_is_at_work_or_over_or_unknown_does_not_grow(store: Store) -> None:
    await driven(store)
    assert await taken(store, "1", assigned(1), added("a", "x"), closed(1), added("a", "y")) == [
        True,
        False,
        True,
        False,
    ]
    assert await taken(store, "2", added("nobody", "z")) == [False]
    assert await store.items("r") == ITEMS


async def test_an_old_driver_adds_nothing(store: Store) -> None:
    await driven(store)
    assert await store.claim("r", "another") == 2
    with pytest.raises(StaleTerm):
        await store.append("1", [added("a", "x")])
    assert await store.items("r") == ITEMS


def of_earlier(*ids: str, term: int = 0, ref: str = "hash", run: str = "r2") -> ItemsAdded:
    """What the item a had grown by."""
    growth = added("a", *ids, term=term)
    items = tuple(item.model_copy(update={"inputs": {"item": Content(ref=ref)}}) for item in growth.items)
    return growth.model_copy(update={"run": run, "items": items})


def revision(*events: TakenOver, run: str = "r2") -> Accept:
    return PLAN._replace(run=run, digest="edited", revises="r", reused=events)


GROWTH = of_earlier("a[0]", "a[1]")


async def test_a_run_begins_with_what_an_earlier_one_had_grown_by(store: Store) -> None:
    await driven(store)
    record = await store.accept(revision(reused("b"), GROWTH, reused("a[1]")))
    assert record.items == 4
    assert await store.items("r2") == (*ITEMS, *GROWTH.items)
    events = await store.read("r2", 0, 0)
    assert [event.type for event in events] == ["run_accepted", "item_reused", "items_added", "item_reused"]
    assert events[2].model_copy(update={"seq": 0, "at": 0.0}) == GROWTH
    await store.claim("r2", "driver")
    rows = [assigned(1, item=item, run="r2") for item in ("a[0]", "a[1]", "b")]
    assert await taken(store, "1", *rows) == [True, False, False], "what is kept never runs again"
    assert await taken(store, "2", of_earlier("a[2]", term=1)) == [True], "it is an item like others"


async def test_accepting_the_same_growth_twice_is_harmless(store: Store) -> None:
    await driven(store)
    record = await store.accept(revision(reused("b"), GROWTH, reused("a[1]")))
    assert await store.accept(revision(reused("b"), GROWTH, reused("a[1]"))) == record
    later = (event.model_copy(update={"run": "r3"}) for event in (reused("b"), GROWTH))
    assert await store.accept(revision(*later, run="r3")) == record
    assert len(await store.items("r2")) == 4
    assert (await types(store, "r2")).count("items_added") == 1


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ((GROWTH, GROWTH), UserError),
        ((GROWTH, of_earlier("a[1]")), UserError),
        ((of_earlier("b"),), UserError),
        ((of_earlier("a[0]", term=1),), UserError),
        ((of_earlier("a[0]", run="r"),), UserError),
        ((reused("a"), GROWTH), UserError),
        ((reused("a[0]"), GROWTH), UserError),
        ((GROWTH, reused("a[2]")), UserError),
        ((of_earlier("a[0]", ref="gone"),), PayloadMissing),
        ((GROWTH.model_copy(update={"item": "nobody"}),), UserError),
    ],
)
async def test_a_growth_that_does_not_fit_leaves_everything_as_it_was(
    store: Store, wrong: tuple[TakenOver, ...], error: type[MnemosyneError]
) -> None:
    await driven(store)
    with pytest.raises(error):
        await store.accept(revision(*wrong))
    with pytest.raises(NotFound):
        await store.run("r2")
    assert (await store.run("k")).run == "r"
    assert await types(store) == ["run_accepted"]


async def test_nobody_adds_items_without_a_term_once_the_run_is_accepted(store: Store) -> None:
    await driven(store)
    assert await taken(store, "1", added("a", "x", term=0)) == [False]
    assert await store.items("r") == ITEMS

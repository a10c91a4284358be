"""What every store promises of runs that grow: their items come once, whole, and by the driver that holds the run."""

import pytest

from actors.errors import StaleTerm
from actors.events import ItemJoined
from actors.stores.protocol import Store
from tests.support.store_facts import DONE, ITEMS, added, assigned, closed, driven, taken, types


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

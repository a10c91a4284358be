"""Every text comes back from PostgreSQL as it was, also those that it cannot hold."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.errors import StoreUnusable
from actors.stores.group import GroupStore
from actors.stores.inspection import inspect
from actors.stores.postgres.texts import REFUSED, from_database, to_database
from actors.stores.protocol import Store
from actors.stores.reader import Reader
from actors.work import Content, Item, Result
from tests.support import stores
from tests.support.servers import PostgresServer
from tests.support.store_facts import PLAN, assigned, closed

ODD = "a\x00b\x01c\x010000d\U0001f600 \ufffd\u2028é' \\ $1 ? %s"
TEXTS = st.text(st.characters(codec=None) | st.sampled_from("\x00\x01\ud800\udfff0a"))


@given(TEXTS)
def test_there_and_back(text: str) -> None:
    kept = to_database(text)
    assert from_database(kept) == text
    assert "\x00" not in kept
    kept.encode()


@given(TEXTS, TEXTS)
def test_two_texts_are_kept_alike_only_if_they_are(one: str, other: str) -> None:
    assert (to_database(one) == to_database(other)) == (one == other)


@given(st.text().filter(lambda text: not REFUSED.search(text)))
def test_what_it_can_hold_it_holds_as_it_is(text: str) -> None:
    assert to_database(text) is text or to_database(text) == text


async def test_every_store_keeps_every_character(store: Store) -> None:
    item = Item(id="a", description=ODD, inputs={"x": Content(text=ODD)})
    await store.accept(PLAN._replace(key=ODD, name=ODD, items=(item,), payloads={"hash": ODD}))
    assert (await store.run(ODD)).name == ODD
    assert (await store.items("r"))[0] == item
    assert await store.payloads(["hash"]) == {"hash": ODD}
    await store.claim("r", ODD)
    answer = closed(1, Result(data=Content(text=ODD), model="scripted"))
    await store.append(ODD, [assigned(1), answer])
    assert (await store.append(ODD, [assigned(1), answer])).seqs == (2, 3)
    (*_, found) = await store.read("r", 0, 0)
    assert found.model_copy(update={"seq": 0, "at": 0.0}) == answer


async def test_half_characters_too(postgres: PostgresServer, tmp_path: Path) -> None:
    store = GroupStore(postgres.store(tmp_path))
    await store.accept(PLAN._replace(payloads={"hash": "a\ud800b\udfff"}))
    assert await store.payloads(["hash"]) == {"hash": "a\ud800b\udfff"}
    await store.close()


async def test_the_events_of_an_item_are_found_by_its_odd_name(store_file: Path) -> None:
    store = GroupStore(store_file)
    names = ('"', "a\x00b", "é", '\\"item":"a', "a", "ab")
    await store.accept(PLAN._replace(items=tuple(Item(id=name, description="x") for name in names)))
    await store.claim("r", "driver")
    await store.append("1", [assigned(1, item=name) for name in names])
    await store.close()
    reader = Reader(store_file)
    for seq, name in enumerate(names, 2):
        assert [event.seq for event in reader.item_events("r", name)] == [seq]
    reader.close()


async def test_a_refused_plan_says_so_and_leaves_nothing(store_file: Path) -> None:
    store = GroupStore(store_file)
    with pytest.raises(StoreUnusable, match="nothing of this was written"):
        await store.accept(PLAN._replace(items=PLAN.items * 2))
    await store.accept(stores.plan("r2"))
    await store.close()
    reader = Reader(store_file)
    assert [record.run for record in reader.runs()] == ["r2"]
    reader.close()
    assert list(inspect(store_file)) == []

"""One item in all detail: every text of it is there, also one that the journal keeps beside its rows."""

from pathlib import Path
from typing import Any

import pytest

from actors.events import ItemsAdded
from actors.journal.people import ItemAccepted
from actors.stores.group import GroupStore
from actors.stores.reader import Reader
from actors.vocabulary.contents import stored
from actors.work import Item, Over, Result
from cluster.run.facts import Facts
from dashboards.board import Board
from dashboards.item_document import item_document
from tests.support.histories import GOOD, accept, assigned, closed, items, write

LIST = (
    Item(id="list", description="name them"),
    Item(id="each", description="do it", dependencies=("list",), foreach=Over(item="list")),
    Item(id="all", description="sum it up", dependencies=("each",)),
)


def told(home: Path, item: str) -> dict[str, Any]:
    reader = Reader(home / "store.db")
    try:
        return item_document(Board(reader, lambda: False), reader, "r", item)
    finally:
        reader.close()


@pytest.mark.parametrize("count", [1, 1000])
async def test_a_joined_list_is_told_whatever_its_length(tmp_path: Path, count: int) -> None:
    text = '["' + "long " * count + '"]'
    store = GroupStore(tmp_path / "store.db")
    await accept(store, LIST)
    child = Item(id="each[0]", description="do it", parent="each")
    joined = Facts("r", 1).joined("each", "scripted", "", text)
    await write(store, assigned("list"), closed("list", GOOD), ItemsAdded(run="r", item="each", items=(child,), term=1))
    await write(store, assigned("each[0]"), closed("each[0]", GOOD))
    receipt = await store.append("joined", [joined.event], joined.payloads)
    assert None not in receipt.seqs
    assert told(tmp_path, "each")["result"]["text"] == text
    assert {"kind": "result", "name": "each", "text": text} in told(tmp_path, "all")["prompt"]
    await store.close()


async def test_a_result_that_was_accepted_is_told(tmp_path: Path) -> None:
    store = GroupStore(tmp_path / "store.db")
    await accept(store, items(a=()))
    payloads: dict[str, str] = {}
    made = Result(data=stored("long " * 1000, payloads), model="scripted", cost_usd=0.0)
    accepted = ItemAccepted(run="r", item="a", passed=True, outcome=made, term=1)
    pending = closed("a", made).model_copy(update={"pending": True})
    await store.append("work", [assigned("a"), pending], payloads)
    await write(store, accepted)
    assert told(tmp_path, "a")["result"]["text"] == "long " * 1000
    await store.close()

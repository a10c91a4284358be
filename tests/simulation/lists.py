"""A list that an earlier run did in part: its items in a plan, and what a run of it begins with."""

import json
from collections.abc import Iterator
from random import Random

from actors.events import ItemReused, ItemsAdded
from actors.stores.protocol import TakenOver
from actors.work import Content, Item, Over, Result
from cluster.run.foreach import for_each

LISTING = Item(id="list", description="list")
EACH = Item(id="each", description="do", dependencies=("list",), foreach=Over(item="list"))
MOST = 5
"""Entries."""


def taken_over(run: str, rng: Random) -> Iterator[TakenOver]:
    """The list, its items, and the results of some of them."""
    entries = list(range(rng.randint(1, MOST)))
    yield _reused(run, LISTING.id, json.dumps(entries))
    items = for_each(EACH, entries).items
    yield ItemsAdded(run=run, item=EACH.id, items=items, term=0)
    yield from (_reused(run, item.id, item.id) for item in items if rng.random() < 0.6)


def _reused(run: str, item: str, text: str) -> ItemReused:
    return ItemReused(run=run, item=item, origin="earlier", outcome=Result(data=Content(text=text), model="scripted"))

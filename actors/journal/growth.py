"""How a run grows: items that are added while it goes on, and what becomes of them."""

from typing import Literal

from actors.journal.recorded import Recorded
from actors.vocabulary.frozen import Frozen
from actors.work import Item, ItemId, Result


class Granted(Frozen):
    """What became of something that an item wanted."""

    turn: int
    call: int = 0
    item: ItemId | None = None
    """The sub-agent's; None for a list of items, and for what was refused."""
    refusal: str = ""


class ItemsAdded(Recorded):
    """The run has grown: `item` goes on, or ends, once these are done."""

    type: Literal["items_added"] = "items_added"
    item: ItemId
    items: tuple[Item, ...] = ()
    granted: tuple[Granted, ...] = ()
    """The answers to what the item wanted; none for a foreach."""
    term: int


class ItemJoined(Recorded):
    """The item is complete with what the items that it grew by made; no model was asked for it."""

    type: Literal["item_joined"] = "item_joined"
    item: ItemId
    outcome: Result
    term: int

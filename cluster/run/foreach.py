"""An item for each entry of a list: what a run grows by, and the list of what they made. Pure."""

import json
from collections.abc import Sequence
from typing import Any

from actors.errors import GrowthRefused, OverLimit
from actors.vocabulary.contents import stored
from actors.work import Content, Item
from cluster.run.growth import Growth, child_id

ENTRY = "item"
"""Name of the input that holds an item's entry of the list."""

SHOWN = 80


def entries(item: Item, text: str, most: int) -> list[Any]:
    """The list that the item goes over, out of the result that holds it. Raises GrowthRefused."""
    assert item.foreach is not None
    over, path = item.foreach.item, item.foreach.path
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise GrowthRefused(
            f"the result of {over} is no JSON but {_shown(text)}; give {over} an output schema"
        ) from None
    keys = path.split(".") if path else []
    for position, key in enumerate(keys):
        if not isinstance(found, dict) or key not in found:
            where = ".".join(keys[:position]) or "the result"
            raise GrowthRefused(f"{where} of {over} has no {key!r}: it is {_told(found)}")
        found = found[key]
    if not isinstance(found, list):
        where = f"{path} in the result" if path else "the result"
        raise GrowthRefused(f"{where} of {over} is no list: it is {_told(found)}")
    if len(found) > most:  # before anything is made of it
        raise OverLimit(
            f"the list has {len(found)} entries, and {most} for one item is the most (fan_out in the plan's limits)"
        )
    return found


def for_each(item: Item, found: Sequence[Any]) -> Growth:
    """An item for each entry, in their order; beside the entry it has the inputs and dependencies of `item`.

    Raises GrowthRefused.
    """
    payloads: dict[str, str] = {}
    return Growth(_items(item, [stored(_text(entry), payloads) for entry in found]), payloads)


def again(item: Item, before: Sequence[Item]) -> tuple[Item, ...]:
    """What `for_each` gives for the entries that these items were for; nothing if they were for no list's."""
    found = _items(item, [one.inputs[ENTRY] for one in before if ENTRY in one.inputs])
    return found if [one.id for one in found] == [one.id for one in before] else ()


def _items(item: Item, found: Sequence[Content]) -> tuple[Item, ...]:
    assert item.foreach is not None
    rest = tuple(name for name in item.dependencies if name != item.foreach.item)
    common = {"foreach": None, "parent": item.id, "dependencies": rest, "budget": item.foreach.budget}
    inputs = ({**item.inputs, ENTRY: entry} for entry in found)
    own = ({"id": child_id(item.id, number), "inputs": given} for number, given in enumerate(inputs))
    return tuple(item.model_copy(update={**common, **fields}) for fields in own)


def joined(children: Sequence[Item], texts: Sequence[str], item: Item) -> str:
    """JSON of the results: for the entries of a list a list in their order, else an object by the items' names.

    Raises GrowthRefused.
    """
    made = [_made(child, text) for child, text in zip(children, texts, strict=True)]
    names = [child.id.removeprefix(f"{item.id}[")[:-1] for child in children]
    return _json(made if item.foreach else dict(zip(names, made, strict=True)), f"what {item.id} is made of")


def _made(item: Item, text: str) -> Any:
    if item.output is None and item.foreach is None:
        return text
    try:
        return json.loads(text)
    except RecursionError:
        raise GrowthRefused(f"the result of {item.id} is nested too deeply") from None


def _text(entry: Any) -> str:
    text = entry if isinstance(entry, str) else _json(entry, "an entry of the list")
    return text.encode(errors="backslashreplace").decode()


def _told(found: Any) -> str:
    if isinstance(found, dict):
        return f"an object with the keys {', '.join(map(repr, list(found)[:10])) or 'of nothing'}"
    return f"a list of {len(found)}" if isinstance(found, list) else _shown(json.dumps(found, ensure_ascii=False))


def _json(value: Any, what: str) -> str:
    """Raises GrowthRefused: what an agent could still nest may be too deep here."""
    try:
        return json.dumps(value, ensure_ascii=False)
    except RecursionError:
        raise GrowthRefused(f"{what} is nested too deeply") from None


def _shown(text: str) -> str:
    return ascii(text if len(text) <= SHOWN else text[: SHOWN - 3] + "...")

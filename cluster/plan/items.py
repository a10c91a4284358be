"""Items of a plan: each field read by its own reader, every mistake of every item told."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from actors.work import Item
from cluster.plan.inputs import Inputs
from cluster.plan.mistakes import Mistakes, quote
from cluster.plan.names import read_agent, read_model, read_name
from cluster.plan.output import OutputSchemas
from cluster.plan.schema import ITEM, LATER
from cluster.plan.spot import Spot
from cluster.plan.tools import read_tools


@dataclass(frozen=True, slots=True)
class Draft:
    """An item whose dependencies nobody has looked up yet. `item` is None when its own fields have mistakes."""

    spot: Spot
    id: str | None
    id_spot: Spot
    dependencies: dict[str, Spot]
    item: Item | None


def read_fields(spot: Spot, of: str, known: dict[str, Any], required: tuple[str, ...]) -> dict[str, Spot]:
    """The known fields of a mapping. A key that is nearly right is read as the one it is near to."""
    found = spot.mapping(of)
    if found is None:
        return {}
    fields = {key: field for key, field in found.items() if key in known}
    for key, field in found.items():
        if key in LATER and key not in known:
            field.wrong(f"{key} is not enforced by this version, so it is refused instead of ignored", "remove it")
        elif key not in known:
            meant = field.unknown("unknown key", key, known, f"keys here are {', '.join(known)}")
            if meant is not None:
                fields.setdefault(meant, field)
    for key in required:
        if key not in fields:
            spot.wrong(f"the key {key} is missing", f"add {key}: {known[key].get('description', '')}".rstrip(": "))
    return fields


class ItemReader:
    """Reads the items of one plan."""

    def __init__(self, inputs: Inputs, mistakes: Mistakes) -> None:
        self._mistakes = mistakes
        self._readers: dict[str, Callable[[Spot], Any]] = {
            "id": read_name,
            "description": lambda spot: spot.text(ITEM["description"]),
            "agent": read_agent,
            "priority": lambda spot: spot.whole(ITEM["priority"]),
            "timeout": lambda spot: spot.number(ITEM["timeout"]),
            "inputs": inputs.read,
            "output": OutputSchemas(mistakes).read,
            "model": read_model,
            "max_tokens": lambda spot: spot.whole(ITEM["max_tokens"]),
            "tools": read_tools,
        }

    def read(self, spot: Spot) -> Draft:
        """One item, as far as it can be read."""
        before = len(self._mistakes)
        fields = read_fields(spot, "the keys of an item", ITEM, ("id", "description"))
        values = {key: self._readers[key](field) for key, field in fields.items() if key != "dependencies"}
        dependencies = _dependencies(fields["dependencies"]) if "dependencies" in fields else {}
        item = None
        if len(self._mistakes) == before:
            item = self._item(spot, {**values, "dependencies": tuple(dependencies)})
        return Draft(spot, values.get("id"), fields.get("id", spot), dependencies, item)

    def _item(self, spot: Spot, values: dict[str, Any]) -> Item | None:
        try:
            return Item(**values)
        except ValidationError as error:  # the vocabulary has the last word
            for fault in error.errors():
                spot.inner(fault["loc"]).wrong(fault["msg"], "correct the value")
            return None


def _dependencies(spot: Spot) -> dict[str, Spot]:
    found: dict[str, Spot] = {}
    for entry in spot.listing("ids") or ():
        name = entry.text({})
        if name is None:
            continue
        if name in found:
            entry.wrong(f"the dependency {quote(name)} is there twice", "name it once")
        found.setdefault(name, entry)
    return found

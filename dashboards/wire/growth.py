"""What the outside sees of a run that grows."""

from typing import Any

from actors.journal.growth import ItemsAdded
from actors.work import Item


def items_added(event: ItemsAdded, _tasks: object) -> list[tuple[str, dict[str, Any]]]:
    """The growth, then each sub-agent of it."""
    refusals = [one.refusal for one in event.granted if one.refusal]
    added = {"item_id": event.item, "added": [item.id for item in event.items], "refusals": refusals}
    spawned = {one.item for one in event.granted}
    return [
        ("work_items_added", {**added, "term": event.term}),
        *(("sub_agent_spawned", _spawned(item)) for item in event.items if item.id in spawned),
    ]


def _spawned(item: Item) -> dict[str, Any]:
    return {"item_id": item.id, "parent": item.parent, "role": item.agent.value, "task": item.description}

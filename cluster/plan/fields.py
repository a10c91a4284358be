"""The keys of a mapping in a plan: known ones, later ones, missing ones, and those that are nearly right."""

from typing import Any

from cluster.plan.mistakes import is_near
from cluster.plan.schema import LATER
from cluster.plan.spot import Spot


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
            if meant is not None and is_near(key, meant):
                fields.setdefault(meant, field)
    for key in required:
        if key not in fields:
            spot.wrong(f"the key {key} is missing", f"add {key}: {known[key].get('description', '')}".rstrip(": "))
    return fields

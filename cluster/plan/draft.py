"""An item of a plan as far as it was read."""

from dataclasses import dataclass

from actors.work import Item
from cluster.plan.spot import Spot


@dataclass(frozen=True, slots=True)
class Draft:
    """An item whose dependencies nobody has looked up yet. `item` is None when its own fields have mistakes."""

    spot: Spot
    id: str | None
    id_spot: Spot
    dependencies: dict[str, Spot]
    item: Item | None

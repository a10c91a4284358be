"""How far a run may grow beyond its plan."""

from typing import Annotated, Self

from pydantic import Field

from actors.work import Frozen

MOST_ITEMS = 10_000
"""What a run that grows may have added at most, whatever its plan says; as many as a plan may have."""

DEPTH = 16
"""How deep at most."""


class Limits(Frozen):
    """Caps on the items that a run is given while it goes on."""

    items: Annotated[int, Field(ge=0, le=MOST_ITEMS)] = 1000
    """All of them together."""
    fan_out: Annotated[int, Field(ge=0, le=MOST_ITEMS)] = 100
    """For one item."""
    depth: Annotated[int, Field(ge=0, le=DEPTH)] = 2
    """Items that were added for items that were added: 1 allows none of those."""

    @classmethod
    def widest(cls) -> Self:
        """What no plan and no person can raise."""
        return cls(items=MOST_ITEMS, fan_out=MOST_ITEMS, depth=DEPTH)

    def __str__(self) -> str:
        """By the names that a plan has for them."""
        return f"items {self.items}, fan_out {self.fan_out}, depth {self.depth}"

    def changed(self, new: "Limits") -> Self:
        """With what `new` names."""
        return self.model_copy(update=new.model_dump(exclude_unset=True))

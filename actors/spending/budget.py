"""A cap on what an item, a run or a fleet may take."""

from typing import Annotated, Self

from pydantic import Field

from actors.vocabulary.frozen import Frozen


class Budget(Frozen):
    """Caps; None is no cap."""

    usd: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None
    tokens: Annotated[int, Field(ge=0)] | None = None
    """Of prompts and answers together, also those read from a cache."""

    def __bool__(self) -> bool:
        return self.usd is not None or self.tokens is not None

    def changed(self, new: "Budget") -> Self:
        """With the caps of `new` where it has any."""
        return self.model_copy(update=new.model_dump(exclude_none=True))


class Reservation(Frozen):
    """What something may cost at most, before anybody knows."""

    usd: float | None = None
    """None: the price is unknown; in an allowance, it does not matter."""
    tokens: int | None = None
    """None in an allowance: they do not matter."""

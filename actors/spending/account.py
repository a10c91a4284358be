"""What was spent of a budget, what open attempts may still take of it, and whether there is room for more.

An attempt is held before it begins, at the most that it may take, and settled once it has ended.
"""

from collections.abc import Iterator, Mapping
from math import ceil, floor, log10
from typing import Any, NamedTuple, Self

from actors.spending.budget import Budget
from actors.work import Lost, Outcome, Reservation

DUST = 1e-12
"""Dollars: sums of them are not exact."""


class Account(NamedTuple):
    """Of an item, a run or a fleet."""

    caps: Budget = Budget()
    spent_usd: float = 0.0
    spent_tokens: int = 0
    held_usd: float = 0.0
    held_tokens: int = 0

    def capped(self, caps: Budget | None) -> Self:
        """These caps hold from now on, beside those that it does not name."""
        return self._replace(caps=self.caps.changed(caps)) if caps else self

    def hold(self, reserved: Reservation) -> Self:
        """An attempt is opened."""
        usd, tokens = self.held_usd + (reserved.usd or 0.0), self.held_tokens + (reserved.tokens or 0)
        return self._replace(held_usd=usd, held_tokens=tokens)

    def let_go(self, reserved: Reservation) -> Self:
        """It has ended, or was never made."""
        usd = self.held_usd - (reserved.usd or 0.0)
        return self._replace(
            held_usd=usd if usd > DUST else 0.0, held_tokens=max(self.held_tokens - (reserved.tokens or 0), 0)
        )

    def spend(self, usd: float, tokens: int) -> Self:
        """It took that."""
        return self._replace(spent_usd=self.spent_usd + usd, spent_tokens=self.spent_tokens + tokens)

    def has_room(self, reserved: Reservation) -> bool:
        """Whether that may be held too."""
        return not any(self._missing(reserved))

    def admits(self, reserved: Reservation | None) -> bool:
        """Whether an attempt may begin: it is reserved in everything that is capped, and has room."""
        if reserved is None or (self.caps.tokens is not None and reserved.tokens is None):
            return not self.caps
        return self.has_room(reserved)

    def never_has_room(self, reserved: Reservation) -> bool:
        """Whether that would not fit either if nothing else were held."""
        return not self._replace(held_usd=0.0, held_tokens=0).has_room(reserved)

    def told(self) -> str:
        """As in $0.42 of $0.50."""
        usd = [] if self.caps.usd is None else [f"${self.spent_usd:.4g} of ${self.caps.usd:.4g}"]
        tokens = [] if self.caps.tokens is None else [f"{self.spent_tokens} of {self.caps.tokens} tokens"]
        return " and ".join([*usd, *tokens])

    def why_not(self, reserved: Reservation) -> str:
        """Why there is no room for that."""
        if self.caps.usd is not None and reserved.usd is None:
            return "the price of its model is not known, so a budget in dollars lets nothing through"
        usd = "" if self.caps.usd is None else f"${reserved.usd or 0:.4g}"
        tokens = "" if self.caps.tokens is None else f"{reserved.tokens or 0} tokens"
        held = f", {self._reserved()} reserved" if not self.never_has_room(reserved) else ""
        return f"{self.told()} used{held}, and the next attempt may take {' and '.join(filter(None, (usd, tokens)))}"

    def to_json(self) -> dict[str, Any]:
        """For machines."""
        return {**self._asdict(), "caps": self.caps.model_dump()}

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> Self:
        """What `to_json` gave."""
        return cls(**{**told, "caps": Budget.model_validate(told["caps"])})

    def wider(self, reserved: Reservation) -> str:
        """Caps that have room for that, as a person types them; as in usd=1,tokens=20000."""
        return ",".join(f"{name}={_round_up(cap)}" for name, cap in self._missing(reserved))

    def _reserved(self) -> str:
        usd = [] if self.caps.usd is None else [f"${self.held_usd:.4g}"]
        tokens = [] if self.caps.tokens is None else [f"{self.held_tokens} tokens"]
        return " and ".join([*usd, *tokens])

    def _missing(self, reserved: Reservation) -> Iterator[tuple[str, float]]:
        """The caps that are too low, and what they should be at least."""
        caps, usd = self.caps, self.spent_usd + self.held_usd + (reserved.usd or 0.0)
        if caps.usd is not None and (reserved.usd is None or usd > caps.usd):  # an unknown price never fits
            yield "usd", max(2 * caps.usd, usd)
        tokens = self.spent_tokens + self.held_tokens + (reserved.tokens or 0)
        if caps.tokens is not None and tokens > caps.tokens:
            yield "tokens", max(2 * caps.tokens, tokens)


def settled(outcome: Outcome, reserved: Reservation) -> tuple[float, int]:
    """Dollars and tokens that an attempt took; what nobody knows counts as it was reserved."""
    if isinstance(outcome, Lost):
        known = outcome.reserved or reserved
        usd = reserved.usd if known.usd is None else known.usd
        return usd or 0.0, (known.tokens if known.tokens is not None else reserved.tokens) or 0
    usd = reserved.usd if outcome.cost_usd is None else outcome.cost_usd
    return usd or 0.0, outcome.usage.total + outcome.estimated_tokens


def _round_up(value: float) -> str:
    """To two digits; 0.0342 is 0.035."""
    step = 10.0 ** (floor(log10(value)) - 1) if value > 0 else 1.0
    return f"{ceil(value / step - DUST) * step:.12g}"

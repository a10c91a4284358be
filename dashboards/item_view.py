"""An item as a person sees it, with what its attempts used so far."""

from dataclasses import dataclass, field
from typing import Any

from actors.work import Failure, FailureKind, ItemState, Result, Usage

UNBILLED = frozenset(
    {
        FailureKind.RATE_LIMITED,
        FailureKind.OVERLOADED,
        FailureKind.QUOTA,
        FailureKind.CREDENTIALS,
        FailureKind.NO_MODEL,
        FailureKind.CONTEXT_TOO_LONG,
        FailureKind.BAD_REQUEST,
    }
)
"""Failures with which a model declines before it writes a token: they cost nothing."""


@dataclass(slots=True)
class ItemView:
    """One item. Seconds, usage and cost are those of all its closed attempts."""

    id: str
    dependencies_left: int
    state: ItemState = ItemState.WAITING
    attempts: int = 0
    """Begun ones; a lost one does not count."""
    agent: str | None = None
    """Of the newest attempt, as are `model` and `started_at`."""
    model: str | None = None
    seconds: float = 0.0
    usage: Usage = field(default_factory=Usage)
    cost_usd: float | None = 0.0
    """None when the price of something used is unknown."""
    error: str | None = None
    """Why the newest closed attempt, or the item, has no result."""
    started_at: float | None = None
    finished_at: float | None = None
    """Unix seconds of its terminal state."""
    origin: str | None = None
    """The earlier run that made and paid for its result, if this run did not; attempts and cost are then none."""

    def to_json(self) -> dict[str, Any]:
        """The item for machines."""
        names = ("id", "state", "attempts", "agent", "model", "seconds")
        times = ("cost_usd", "error", "started_at", "finished_at", "origin")
        facts = {name: getattr(self, name) for name in names}
        return {**facts, "usage": self.usage.model_dump(), **{name: getattr(self, name) for name in times}}

    def charge(self, outcome: Result | Failure) -> None:
        """Add what a closed attempt used."""
        self.model = outcome.model or self.model
        self.seconds += outcome.seconds
        self.usage, self.cost_usd = self.usage + outcome.usage, plus(self.cost_usd, cost(outcome))


def cost(outcome: Result | Failure) -> float | None:
    """US dollars; None when a token may have been paid for whose price, or number, nobody knows."""
    if isinstance(outcome, Failure) and outcome.reason in UNBILLED and outcome.usage == Usage():
        return 0.0
    return outcome.cost_usd


def plus(one: float | None, other: float | None) -> float | None:
    """The sum; unknown if a part is."""
    return None if one is None or other is None else one + other

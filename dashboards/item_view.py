"""An item as a person sees it, with what its attempts used so far."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from actors.work import Failure, Grows, ItemState, Result, Usage
from dashboards.spent import Spent


@dataclass(slots=True)
class ItemView:
    """One item. Seconds are those of all its closed attempts."""

    id: str
    dependencies_left: int
    spent: Callable[[], Spent]
    """What all its attempts used so far."""
    state: ItemState = ItemState.WAITING
    since: float = 0.0
    """Unix seconds of the row that brought the state; 0: that which accepted the run."""
    attempts: int = 0
    """Begun ones; a lost one does not count."""
    agent: str | None = None
    """Of the newest attempt, as are `model` and `started_at`."""
    model: str | None = None
    seconds: float = 0.0
    turns: int = 0
    """Finished ones, of all attempts, but the last of an attempt that ended."""
    error: str | None = None
    """Why the newest closed attempt, or the item, has no result."""
    started_at: float | None = None
    finished_at: float | None = None
    """Unix seconds of its terminal state."""
    origin: str | None = None
    """The earlier run that made and paid for its result, if this run did not; attempts and cost are then none."""

    parent: str | None = None
    """The item that it was added for; None for those of the plan."""

    def to_json(self) -> dict[str, Any]:
        """The item for machines."""
        names = ("id", "state", "attempts", "turns", "agent", "model", "seconds")
        times = ("error", "started_at", "finished_at", "origin", "parent")
        facts = {name: getattr(self, name) for name in names}
        return {**facts, **self.spent().to_json(), **{name: getattr(self, name) for name in times}}

    def charge(self, outcome: Result | Failure | Grows) -> None:
        """A closed attempt took its time."""
        self.model = outcome.model or self.model
        self.seconds += outcome.seconds

    @property
    def usage(self) -> Usage:
        """Of all its attempts so far."""
        return self.spent().usage

    @property
    def cost_usd(self) -> float | None:
        """Of all its attempts so far; None when the price of something used is unknown."""
        return self.spent().cost_usd

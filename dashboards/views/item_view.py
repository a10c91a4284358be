"""An item as a person sees it, with what its attempts used so far."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from actors.events import ItemAssigned, ItemClosed
from actors.spending.budget import Budget
from actors.vocabulary.failures import is_charged
from actors.vocabulary.phase import Phase
from actors.vocabulary.review import Consolidated, Ended, Purpose, Questions, Requirements, Verdict
from actors.work import Failure, Grows, ItemState, Lost, Result, Usage
from dashboards.views.item_review import ItemReview
from dashboards.views.spent import Spent


@dataclass(slots=True)
class ItemView:
    """One item. Seconds are those of all its closed attempts."""

    id: str
    dependencies_left: int
    spent: Callable[[], Spent]
    """What all its attempts used so far."""
    review: ItemReview
    state: ItemState = ItemState.WAITING
    since: float = 0.0
    """Unix seconds of the row that brought the state; 0: that which accepted the run."""
    purpose: Purpose = Purpose.WORK
    """Of the newest attempt."""
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
    phase: Phase | None = None
    budget: Budget | None = None

    def to_json(self) -> dict[str, Any]:
        """The item for machines."""
        names = ("id", "state", "attempts", "turns", "agent", "model", "seconds")
        times = ("error", "started_at", "finished_at", "origin", "parent", "phase")
        facts = {name: getattr(self, name) for name in names}
        rest = {name: getattr(self, name) for name in times}
        rest["budget"] = self.budget.model_dump() if self.budget else None
        return {**facts, **self.spent().to_json(), **rest, **self.review.to_json(self.state)}

    def open(self, event: ItemAssigned) -> None:
        """An attempt begins."""
        self.agent, self.model, self.started_at, self.purpose = event.agent, event.model, None, event.purpose
        if self.purpose is Purpose.WORK:
            self.attempts = event.attempt

    def close(self, event: ItemClosed) -> ItemState:
        """The attempt ended; the state that follows."""
        outcome, at_work = event.outcome, self.purpose is Purpose.WORK
        back = ItemState.PENDING_REVIEW if self.purpose is Purpose.REVIEW else ItemState.READY
        if isinstance(outcome, Lost):
            self.attempts -= at_work
            self.error, self.started_at = outcome.message, None
            return back
        self.started_at = self.started_at if event.started else event.at - outcome.seconds
        self.model = outcome.model or self.model
        self.seconds += outcome.seconds
        if isinstance(outcome, Failure):
            self.attempts -= at_work and not is_charged(outcome.reason)
            self.error = outcome.message
            return back
        if isinstance(outcome, Grows):
            self.attempts -= 1
            return back
        self.error = None
        return self._ended(outcome, event)

    def _ended(self, outcome: Result | Ended, event: ItemClosed) -> ItemState:
        match outcome:
            case Verdict(judgement=judgement):
                self.review.judged(outcome)
                self.error = None if judgement.passed else f"review failed: {judgement.told}"
                return ItemState.PENDING_REVIEW if judgement.passed else ItemState.READY
            case Questions():
                self.attempts -= 1
                self.review.ask(outcome, event.epoch)
                return ItemState.BLOCKED
            case Requirements():
                self.review.extracted(outcome)
                return ItemState.READY
            case Consolidated():
                return ItemState.READY
        return ItemState.PENDING_REVIEW if event.pending else ItemState.COMPLETE

    @property
    def usage(self) -> Usage:
        """Of all its attempts so far."""
        return self.spent().usage

    @property
    def cost_usd(self) -> float | None:
        """Of all its attempts so far; None when the price of something used is unknown."""
        return self.spent().cost_usd

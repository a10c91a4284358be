"""What people want of a run, and the run's own next step that follows from it."""

from collections.abc import Mapping

from actors.events import ContinueRequested, PauseRequested, RunFinished, RunPaused, RunResumed, RunStarted
from actors.work import ItemState, RunStatus
from cluster.commands import Append, Drain
from cluster.facts import Facts

BY_REQUEST = "by request"
INTERRUPTED = "interrupted"
"""Reasons of a pause. An interrupted run goes on by itself with its next driver."""


class Wishes:
    """Requests so far. `step` turns them into at most one fact at a time."""

    def __init__(self) -> None:
        self.pause = False
        self.drain = False
        self.all = False
        """The whole run is to end."""
        self._items: set[str] = set()
        self._stepping = False  # a fact about the run is on its way to the journal

    @property
    def hold(self) -> bool:
        """Whether nothing new is to be assigned: also while a pause is on its way that nobody wants any more."""
        return self.pause or self.drain or self.all or self._stepping

    def cancel(self, item: str | None) -> None:
        """End one item, or everything."""
        if item is None:
            self.all = True
        else:
            self._items.add(item)

    def cancels(self, item: str) -> bool:
        """Whether somebody wants this item to end."""
        return self.all or item in self._items

    def hear(self, wish: PauseRequested | ContinueRequested | Drain) -> None:
        """Take in a wish about the whole run."""
        match wish:
            case Drain():
                self.drain = True
            case PauseRequested():
                self.pause = True
            case ContinueRequested():
                self.pause = False

    def settled(self, event: RunStarted | RunPaused | RunResumed | RunFinished) -> None:
        """A fact about the run is on disk."""
        if not isinstance(event, RunStarted):
            self._stepping = False

    def step(self, facts: Facts, status: RunStatus, ended: Mapping[str, int] | None, *, busy: bool) -> Append | None:
        """The next fact about the run: its end, a pause or a continuation; None if there is none to record now.

        `ended`: the tally, once every item is terminal.
        """
        fact = None if self._stepping else self._next(facts, status, ended, busy=busy)
        self._stepping = self._stepping or fact is not None
        return fact

    def _next(self, facts: Facts, status: RunStatus, ended: Mapping[str, int] | None, *, busy: bool) -> Append | None:
        if ended is not None:
            return None if status not in (RunStatus.RUNNING, RunStatus.PAUSED) else self._end(facts, ended)
        if status is RunStatus.RUNNING and self.pause:
            return Append(RunPaused(run=facts.run, term=facts.term, reason=BY_REQUEST))
        if status is RunStatus.RUNNING and self.drain and not busy:
            return Append(RunPaused(run=facts.run, term=facts.term, reason=INTERRUPTED))
        if status is RunStatus.PAUSED and not self.pause and not self.drain:
            return Append(RunResumed(run=facts.run, term=facts.term))
        return None

    def _end(self, facts: Facts, counts: Mapping[str, int]) -> Append:
        if self.all and counts[ItemState.CANCELLED.value]:
            status = RunStatus.CANCELLED
        elif counts[ItemState.COMPLETE.value] == sum(counts.values()):
            status = RunStatus.COMPLETED
        else:
            status = RunStatus.COMPLETED_WITH_FAILURES
        return Append(RunFinished(run=facts.run, term=facts.term, status=status, counts=counts))

"""What people want of a run, and the run's own next step that follows from it."""

from collections.abc import Mapping
from typing import NamedTuple

from actors.events import (
    ContinueRequested,
    PauseRequested,
    RunAccepted,
    RunFinished,
    RunPaused,
    RunResumed,
    RunStarted,
    RunWaiting,
)
from actors.work import ItemState, RunStatus
from cluster.run.commands import Append, Drain
from cluster.run.facts import Facts

BY_REQUEST = "by request"
INTERRUPTED = "interrupted"
"""Reasons of a pause. An interrupted run goes on by itself with its next driver."""


RunEvent = RunStarted | RunWaiting | RunPaused | RunResumed | RunFinished

GOING = (RunStatus.RUNNING, RunStatus.WAITING)
"""Statuses of a run that nobody has paused."""


class Standing(NamedTuple):
    """Where a run stands."""

    status: RunStatus
    ended: Mapping[str, int] | None
    """The tally, once every item is terminal."""
    busy: bool
    """Whether items are active."""
    blocked: str | None
    """Why no item can be assigned; "" if one can, None while that is about to change by itself."""


class Wishes:
    """Requests so far. `step` turns them into at most one fact at a time."""

    def __init__(self) -> None:
        self.pause = False
        self.drain = False
        self.stopped = ""
        """Why the run cannot go on before somebody has done something about it; "" if it can."""
        self.all = False
        """The whole run is to end."""
        self._items: set[str] = set()
        self._stepping = False  # a fact about the run is on its way to the journal

    @property
    def hold(self) -> bool:
        """Whether nothing new is to be assigned: also while a pause is on its way that nobody wants any more."""
        return self.pause or self.drain or self.all or self._stepping or bool(self.stopped)

    def cancel(self, item: str | None) -> None:
        """End one item, or everything."""
        if item is None:
            self.all = True
        else:
            self._items.add(item)

    def cancels(self, item: str) -> bool:
        """Whether somebody wants this item to end."""
        return self.all or item in self._items

    def stop(self, reason: str) -> None:
        """Pause for this reason until a person continues the run."""
        self.stopped = reason

    def hear(self, wish: RunAccepted | PauseRequested | ContinueRequested | Drain) -> None:
        """Take in a wish about the whole run."""
        match wish:
            case Drain():
                self.drain = True
            case PauseRequested():
                self.pause = True
            case ContinueRequested():
                self.pause, self.stopped = False, ""

    def settled(self, event: RunEvent) -> None:
        """A fact about the run is on disk."""
        if not isinstance(event, RunStarted):
            self._stepping = False

    def step(self, facts: Facts, now: Standing) -> Append | None:
        """The next fact about the run: its end, a wait, a pause or a continuation; None if there is none to record."""
        fact = None if self._stepping else self._next(facts, now)
        self._stepping = self._stepping or fact is not None
        return fact

    def _next(self, facts: Facts, now: Standing) -> Append | None:
        if now.ended is not None:
            return self._end(facts, now.ended) if now.status in (*GOING, RunStatus.PAUSED) else None
        if now.status in GOING and (reason := self._pause(busy=now.busy)):
            return Append(RunPaused(run=facts.run, term=facts.term, reason=reason))
        if now.status is RunStatus.RUNNING and now.blocked and not self.all:
            return Append(RunWaiting(run=facts.run, term=facts.term, reason=now.blocked))
        if now.status is RunStatus.WAITING and now.blocked == "":
            return Append(RunResumed(run=facts.run, term=facts.term))
        if now.status is RunStatus.PAUSED and not (self.pause or self.stopped or self.drain):
            return Append(RunResumed(run=facts.run, term=facts.term))
        return None

    def _pause(self, *, busy: bool) -> str:
        """Why the run is to be paused now, if it is."""
        if self.pause:
            return BY_REQUEST
        return self.stopped or (INTERRUPTED if self.drain and not busy else "")

    def _end(self, facts: Facts, counts: Mapping[str, int]) -> Append:
        if self.all and counts[ItemState.CANCELLED.value]:
            status = RunStatus.CANCELLED
        elif counts[ItemState.COMPLETE.value] == sum(counts.values()):
            status = RunStatus.COMPLETED
        else:
            status = RunStatus.COMPLETED_WITH_FAILURES
        return Append(RunFinished(run=facts.run, term=facts.term, status=status, counts=counts))

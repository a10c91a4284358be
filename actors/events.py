"""The journal's events: facts, in the past tense, one row per transition.

A row is compact: `ItemClosed` alone is what people know as `work_item_completed` and `agent_completed`
(dashboards/wire/events.py spells it out). `seq` and `at` are set by the store when it commits.
"""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from actors.journal.fleet import (
    AgentErrorRecorded,
    AgentFailed,
    AgentHealthDegraded,
    AgentHeartbeat,
    AgentResetRequested,
    AgentRestarted,
    AgentRestartRequested,
    AgentStarted,
    AgentStarting,
    AgentUnavailable,
    FleetBudgetSet,
    ModelAvailable,
    ModelHeld,
    ModelUnavailable,
    OfFleet,
)
from actors.journal.growth import Granted, ItemJoined, ItemsAdded
from actors.journal.memories import MemoryEvent, MemoryForgotten, MemoryStored
from actors.journal.people import AnswerGiven, ApprovalDenied, ApprovalGranted, ApprovalRequested, ItemAccepted, Word
from actors.journal.recorded import DRIVER_TYPES, FLEET, Recorded
from actors.journal.turns import AttemptEvent, ContextFilled, MemoryRecalled, ToolDone, TurnDone
from actors.spending.budget import Budget
from actors.vocabulary.limits import Limits
from actors.vocabulary.phase import PhaseChanged
from actors.vocabulary.review import Purpose, Ruling
from actors.work import FailureKind, ItemId, Outcome, Reservation, Result, RunStatus

__all__ = [
    "DRIVER_TYPES",
    "FLEET",
    "AgentErrorRecorded",
    "AgentFailed",
    "AgentHealthDegraded",
    "AgentHeartbeat",
    "AgentResetRequested",
    "AgentRestartRequested",
    "AgentRestarted",
    "AgentStarted",
    "AgentStarting",
    "AgentUnavailable",
    "AnswerGiven",
    "ApprovalDenied",
    "ApprovalGranted",
    "ApprovalRequested",
    "ContextFilled",
    "FleetBudgetSet",
    "Granted",
    "ItemAccepted",
    "ItemJoined",
    "ItemsAdded",
    "MemoryForgotten",
    "MemoryRecalled",
    "MemoryStored",
    "ModelAvailable",
    "ModelHeld",
    "ModelUnavailable",
    "PhaseChanged",
    "Recorded",
    "ToolDone",
    "TurnDone",
]
"""Those from files of their own: actors/journal/."""


class RunAccepted(Recorded):
    """The plan is on disk."""

    type: Literal["run_accepted"] = "run_accepted"
    name: str
    key: str | None = None
    items: int
    digest: str
    """SHA-256 over everything in the plan that counts."""
    model: str
    budget: Budget | None = None
    limits: Limits = Limits()
    """How far the run may grow."""


class RunStarted(Recorded):
    """A driver took the run."""

    type: Literal["run_started"] = "run_started"
    term: int
    driver: str


class RunWaiting(Recorded):
    """Nothing can be assigned and nothing is active; the run goes on by itself once there is an agent and a model."""

    type: Literal["run_waiting"] = "run_waiting"
    term: int
    reason: str


class RunPaused(Recorded):
    """Nothing new is assigned until the run is resumed; what was active has ended or ends by itself."""

    type: Literal["run_paused"] = "run_paused"
    term: int
    reason: str


class RunResumed(Recorded):
    """A paused or waiting run goes on."""

    type: Literal["run_resumed"] = "run_resumed"
    term: int


class RunFinished(Recorded):
    """Every item has its terminal state."""

    type: Literal["run_finished"] = "run_finished"
    term: int
    status: RunStatus
    counts: Mapping[str, int]


class ItemAssigned(Recorded):
    """An attempt was opened; only now may an agent get the task."""

    type: Literal["item_assigned"] = "item_assigned"
    item: ItemId
    epoch: int
    attempt: int
    agent: str
    model: str
    term: int
    alone: bool = False
    """A suspect: its agent works on nothing else meanwhile."""
    after: FailureKind | Ruling | None = None
    """How the attempt before failed, or that a review sent it back; None if there was none, or it was lost."""
    reserved: Reservation | None = None
    """What the run's budget is charged until the attempt ends; None in a run without one."""
    purpose: Purpose = Purpose.WORK


class ItemStarted(Recorded):
    """The agent works on it. Left out when the attempt was closed within the same commit."""

    type: Literal["item_started"] = "item_started"
    item: ItemId
    epoch: int
    agent: str
    generation: int


class ItemClosed(Recorded):
    """The attempt ended, once, with this outcome; a result that is not `pending` makes the item complete."""

    type: Literal["item_closed"] = "item_closed"
    item: ItemId
    epoch: int
    attempt: int
    agent: str
    generation: int
    started: bool = True
    """Whether an ItemStarted of its own was recorded."""
    asked: str | None = None
    """The model that was asked, where the reply names another: an API's dated version of it."""
    pending: bool = False
    """The result is reviewed before it makes the item complete."""
    outcome: Outcome


class ItemReused(Recorded):
    """The item is complete with a result that an earlier run was already paid for; it costs this run nothing."""

    type: Literal["item_reused"] = "item_reused"
    item: ItemId
    origin: str
    """The run where the result was made."""
    outcome: Result


class ItemFailed(Recorded):
    """The item ended without a result; no attempt is left."""

    type: Literal["item_failed"] = "item_failed"
    item: ItemId
    attempts: int
    reason: FailureKind | Ruling
    message: str
    term: int


class ItemQuarantined(Recorded):
    """The item ended its agent again, working alone; it gets no attempt any more."""

    type: Literal["item_quarantined"] = "item_quarantined"
    item: ItemId
    message: str
    term: int


class ItemSkipped(Recorded):
    """The item can never run: a dependency ended without a result."""

    type: Literal["item_skipped"] = "item_skipped"
    item: ItemId
    cause: ItemId
    """The item whose failure it goes back to."""
    term: int


class ItemCancelled(Recorded):
    """The item ended because a person asked for it."""

    type: Literal["item_cancelled"] = "item_cancelled"
    item: ItemId
    term: int


class CancelRequested(Recorded):
    """A person wants the run, or one item of it, to end."""

    type: Literal["cancel_requested"] = "cancel_requested"
    target: ItemId | None = None
    """The item; None means the whole run."""


class PauseRequested(Recorded):
    """A person wants nothing new to be started."""

    type: Literal["pause_requested"] = "pause_requested"


class ContinueRequested(Recorded):
    """A person wants a paused run to go on."""

    type: Literal["continue_requested"] = "continue_requested"
    budget: Budget | None = None
    """Caps that hold from now on."""
    target: ItemId | None = None
    """The item whose caps they are; None means the run's."""
    limits: Limits | None = None
    """How far the run may grow from now on; None: as before."""


Event = Annotated[
    RunAccepted
    | RunStarted
    | RunWaiting
    | RunPaused
    | RunResumed
    | RunFinished
    | PhaseChanged
    | ItemAssigned
    | ItemStarted
    | ItemClosed
    | ItemAccepted
    | ItemReused
    | ItemsAdded
    | ItemJoined
    | ItemFailed
    | ItemQuarantined
    | ItemSkipped
    | ItemCancelled
    | CancelRequested
    | PauseRequested
    | ContinueRequested
    | ApprovalRequested
    | Word
    | AttemptEvent
    | MemoryEvent
    | OfFleet,
    Field(discriminator="type"),
]


def completed(event: Event) -> tuple[str, Result] | None:
    """The item that this event completes, with its result; None for every other event."""
    if isinstance(event, (ItemClosed, ItemReused, ItemAccepted, ItemJoined)) and event.outcome.kind == "result":
        return None if isinstance(event, ItemClosed) and event.pending else (event.item, event.outcome)
    return None

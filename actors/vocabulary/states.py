"""Where items and runs stand."""

from enum import StrEnum


class ItemState(StrEnum):
    """The status of an item within a run."""

    WAITING = "waiting"
    READY = "ready"
    ACTIVE = "active"
    PENDING_REVIEW = "pending_review"
    BLOCKED = "blocked"
    """A person has to say something."""
    COMPLETE = "complete"
    FAILED = "failed"
    SKIPPED = "skipped"
    CANCELLED = "cancelled"
    QUARANTINED = "quarantined"


TERMINAL = frozenset(
    {ItemState.COMPLETE, ItemState.FAILED, ItemState.SKIPPED, ItemState.CANCELLED, ItemState.QUARANTINED}
)
"""States an item never leaves."""


class RunStatus(StrEnum):
    """The status of a run."""

    RUNNING = "running"
    WAITING = "waiting"
    PAUSED = "paused"
    COMPLETED = "completed"
    COMPLETED_WITH_FAILURES = "completed_with_failures"
    CANCELLED = "cancelled"


FINISHED = frozenset({RunStatus.COMPLETED, RunStatus.COMPLETED_WITH_FAILURES, RunStatus.CANCELLED})
"""Statuses a run never leaves."""

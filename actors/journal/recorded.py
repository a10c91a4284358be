"""What every event of the journal has."""

from actors.vocabulary.frozen import Frozen

FLEET = ""
"""The `run` of events that belong to no run."""

ENDS = frozenset({"item_failed", "item_quarantined", "item_skipped", "item_cancelled", "item_joined", "item_accepted"})
"""Types that end an item which no agent works on; the store takes one of them for each item."""

DRIVER_TYPES = frozenset(
    {
        "run_started",
        "run_waiting",
        "run_paused",
        "run_resumed",
        "run_finished",
        "phase_changed",
        "item_assigned",
        "items_added",
        "item_joined",
        "item_accepted",
        "approval_requested",
        "item_failed",
        "item_quarantined",
        "item_skipped",
        "item_cancelled",
    }
)
"""Written by the driver of the current term only; the store refuses any other."""


class Recorded(Frozen):
    """What every event has."""

    seq: int = 0
    """Position in the journal, from 1; 0 before the commit."""
    at: float = 0.0
    """Unix seconds of the commit, by the store's clock."""
    run: str = FLEET

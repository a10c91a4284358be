"""What every event of the journal has."""

from actors.work import Frozen

FLEET = ""
"""The `run` of events that belong to no run."""


class Recorded(Frozen):
    """What every event has."""

    seq: int = 0
    """Position in the journal, from 1; 0 before the commit."""
    at: float = 0.0
    """Unix seconds of the commit, by the store's clock."""
    run: str = FLEET

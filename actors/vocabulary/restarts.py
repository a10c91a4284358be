"""Why processes of agents end."""

from enum import StrEnum


class RestartCause(StrEnum):
    """Why a process of an agent ended, or was ended, before the next one."""

    CRASH = "crash"
    HANG = "hang"
    OVERDUE = "overdue"
    """An item over its timeout would not stop."""
    THRESHOLD = "threshold"
    """Too many agent faults in too short a time."""
    REQUEST = "request"
    NODE_LOST = "node_lost"
    MEMORY = "memory"
    """It took more memory than an agent may have."""


UNEXPLAINED = frozenset({RestartCause.CRASH, RestartCause.HANG, RestartCause.MEMORY})
"""After these nobody knows which item did it: what the process worked on is suspect."""

"""Exit codes of the commands that bring a run to its end, or watch it."""

from actors.work import RunStatus

OF_STATUS = {
    RunStatus.COMPLETED: 0,
    RunStatus.COMPLETED_WITH_FAILURES: 1,
    RunStatus.PAUSED: 3,
    RunStatus.WAITING: 3,
    RunStatus.CANCELLED: 5,
}

INTERRUPTED = 130
"""By Ctrl-C."""
TERMINATED = 143
"""By SIGTERM."""

TABLE = {
    0: "every item is complete",
    1: "some items are not complete",
    2: "bad input: nothing was started",
    3: "the run is paused, or waits for an agent, a model or a person",
    4: "no fleet, store or named model is to be had",
    5: "the run was cancelled",
    INTERRUPTED: "interrupted by Ctrl-C, after the calls in flight",
    TERMINATED: "ended by SIGTERM, after the calls in flight",
}
"""What they say."""

"""What supervision wants done. The facts of one list belong into one append, on disk before anything else of it."""

from typing import NamedTuple

from actors.journal.fleet import (
    AgentErrorRecorded,
    AgentFailed,
    AgentHealthDegraded,
    AgentRestarted,
    ModelAvailable,
    ModelUnavailable,
)
from actors.work import RestartCause


class Guilty(NamedTuple):
    """An attempt that a process was ended for."""

    run: str
    item: str
    epoch: int
    message: str


class Record(NamedTuple):
    """Put this fact into the journal."""

    event: AgentErrorRecorded | AgentHealthDegraded | AgentRestarted | AgentFailed | ModelUnavailable | ModelAvailable


class Restart(NamedTuple):
    """End the process of this generation; Ray starts the next one. Asked for again where that process still answers.

    Generation 0 is a first process that has not registered: it is ended only if it does not answer.
    """

    agent: str
    generation: int
    cause: RestartCause
    reason: str
    guilty: tuple[Guilty, ...] = ()


class Admit(NamedTuple):
    """Let the process of this generation take work, now. Asked for again until `Admitted` comes; twice does no harm."""

    agent: str
    generation: int
    at: float
    """When it was due: the restart and the back-off."""
    explained: bool = True
    """Whether it is known why each process since the last that worked has ended."""
    guilty: tuple[Guilty, ...] = ()
    """Attempts that those processes were ended for."""


class GiveUp(NamedTuple):
    """End the agent's process for good: no next one until `agents reset`."""

    agent: str
    generation: int
    cause: RestartCause
    reason: str
    guilty: tuple[Guilty, ...] = ()


Decision = Record | Restart | Admit | GiveUp

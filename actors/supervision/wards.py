"""What the health monitor watches: processes that can be asked, enrolled, admitted and ended."""

from typing import NamedTuple, Protocol

from actors.health.observations import Overdue
from actors.roles.agent import Before
from actors.work import RestartCause


class Hello(NamedTuple):
    """A process as it is now."""

    pid: int
    node: str
    generation: int
    """0 until it is enrolled."""
    admitted: bool


class Pulse(NamedTuple):
    """How a process does; told by a thread beside its main loop."""

    generation: int
    tick_age_s: float
    """Seconds since the main loop's last tick."""
    at_work: int = 0
    overdue: tuple[Overdue, ...] = ()
    memory_mb: int = 0
    """What it holds in memory, in MiB; 0: not known."""


class Ended(NamedTuple):
    """Why a process is gone, as far as anybody knows."""

    cause: RestartCause
    message: str


class Ward(Protocol):
    """One process. Every call raises FleetError if it does not answer."""

    async def hello(self) -> Hello:
        """What it is; once it answers."""
        ...

    async def end_of(self, process: Hello) -> Ended:
        """Returns once this very process is gone."""
        ...

    async def unseen_end(self, node: str) -> Ended:
        """Why a process of it that was on this node is gone, when nobody watched it."""
        ...

    async def pulse(self) -> Pulse:
        """How it does."""
        ...

    async def enroll(self) -> None:
        """Let it register as the next generation. A second time does nothing."""
        ...

    async def admit(self, before: Before) -> None:
        """Let it take work; tells it what is known of the processes before. A second time does nothing."""
        ...

    async def end(self, *, for_good: bool) -> None:
        """End the process; Ray starts another unless it is for good."""
        ...

    async def renew(self) -> None:
        """Start it anew after an end for good."""
        ...

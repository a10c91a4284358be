"""What a driver needs: an agent, which `cluster.fleets.fleet` has as Ray's and tests in the same process; and a run."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from actors.roles.agent import Card
from actors.stores.protocol import RunRecord, Store
from actors.work import Role, Task

OpenRun = Callable[[Store], Awaitable[RunRecord]]
"""Accepts a plan, or finds an accepted run."""


class AgentPort(Protocol):
    """One agent, wherever it runs. Every call raises AgentGone if its process does not answer."""

    @property
    def role(self) -> Role:
        """Whose items it takes."""
        ...

    async def attach(self, run: str, term: int) -> Card:
        """Take the agent for a run; see Agent.attach."""
        ...

    async def submit(self, run: str, term: int, generation: int, tasks: Sequence[Task]) -> None:
        """Give tasks to this generation; see Agent.submit. After AgentGone they may have arrived or not."""
        ...

    async def cancel(self, run: str, term: int, attempts: Sequence[tuple[str, int]]) -> None:
        """Give attempts up; see Agent.cancel."""
        ...

    async def lifeline(self, generation: int) -> None:
        """Never returns while this generation lives."""
        ...

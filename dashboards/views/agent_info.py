"""An agent as a person sees it, as far as the journal tells."""

from dataclasses import dataclass, field
from enum import StrEnum

from actors.events import (
    AgentErrorRecorded,
    AgentFailed,
    AgentHealthDegraded,
    AgentRestarted,
    AgentStarted,
    AgentStarting,
    AgentUnavailable,
)
from actors.work import Role

FleetEvent = (
    AgentStarting
    | AgentStarted
    | AgentUnavailable
    | AgentRestarted
    | AgentFailed
    | AgentErrorRecorded
    | AgentHealthDegraded
)


class AgentState(StrEnum):
    """What an agent does."""

    STARTING = "starting"
    IDLE = "idle"
    ACTIVE = "active"
    RESTARTING = "restarting"
    UNAVAILABLE = "unavailable"
    FAILED = "failed"


MISSING = frozenset({AgentState.UNAVAILABLE, AgentState.FAILED})
"""States in which an agent does nothing until a person does something."""


@dataclass(slots=True)
class AgentHealth:
    """What went wrong with an agent lately."""

    error_count: int = 0
    """Agent faults within the window, since its process began."""
    last_error: str | None = None
    is_healthy: bool = True
    last_restart: float | None = None
    """Unix seconds."""


@dataclass(slots=True)
class AgentInfo:
    """One agent. `pid` and `node` are those of its newest generation."""

    id: str
    role: Role
    state: AgentState = AgentState.STARTING
    generation: int = 0
    pid: int | None = None
    node: str | None = None
    reason: str | None = None
    """Why it is restarting, unavailable or failed."""
    working_on: set[str] = field(default_factory=set)
    """Ids of items."""
    restarts: int = 0
    """Processes that ended, or were ended, and were followed by another."""
    health: AgentHealth = field(default_factory=AgentHealth)

    def hear(self, event: FleetEvent) -> None:
        """Take in what happened to the agent."""
        match event:
            case AgentStarting():
                self.state, self.reason = AgentState.STARTING, None
            case AgentStarted():
                self.generation, self.pid, self.node = event.generation, event.pid, event.node
                self.state, self.reason = AgentState.IDLE, None
                self.working_on.clear()
            case AgentUnavailable():
                self.state, self.reason = AgentState.UNAVAILABLE, event.reason
            case AgentRestarted():
                self.state, self.reason, self.restarts = AgentState.RESTARTING, event.reason, self.restarts + 1
                self.health.error_count, self.health.is_healthy, self.health.last_restart = 0, True, event.at
                self.working_on.clear()
            case AgentFailed():
                self.state, self.reason, self.health.is_healthy = AgentState.FAILED, event.reason, False
                self.working_on.clear()
            case AgentErrorRecorded():
                self.health.error_count, self.health.last_error = event.count, event.message
            case AgentHealthDegraded():
                self.health.error_count, self.health.is_healthy = event.count, event.is_healthy

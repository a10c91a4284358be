"""An agent as a person sees it, as far as the journal tells."""

from dataclasses import dataclass, field
from enum import StrEnum

from actors.work import Role


class AgentState(StrEnum):
    """What an agent does."""

    STARTING = "starting"
    IDLE = "idle"
    ACTIVE = "active"
    UNAVAILABLE = "unavailable"


@dataclass(slots=True)
class AgentHealth:
    """What went wrong with an agent lately."""

    error_count: int = 0
    """Agent faults since its process began, at most those of the last minute."""
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
    """Why it is unavailable."""
    working_on: set[str] = field(default_factory=set)
    """Ids of items."""
    restarts: int = 0
    """Processes after its first one in this fleet."""
    health: AgentHealth = field(default_factory=AgentHealth)

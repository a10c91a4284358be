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

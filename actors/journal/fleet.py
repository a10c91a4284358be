"""The fleet's events: what happened to agents and models. They belong to no run."""

from typing import Literal

from actors.journal.recorded import Recorded
from actors.spending.budget import Budget
from actors.work import RestartCause, Role


class AgentStarting(Recorded):
    """The fleet asked for this agent."""

    type: Literal["agent_starting"] = "agent_starting"
    agent: str
    role: Role


class AgentStarted(Recorded):
    """The agent's process is up; each new process of an agent is a new generation."""

    type: Literal["agent_started"] = "agent_started"
    agent: str
    role: Role
    generation: int
    pid: int
    node: str


class AgentUnavailable(Recorded):
    """The agent could not be started; the others go on."""

    type: Literal["agent_unavailable"] = "agent_unavailable"
    agent: str
    role: Role
    reason: str


class AgentErrorRecorded(Recorded):
    """An agent fault was counted."""

    type: Literal["agent_error_recorded"] = "agent_error_recorded"
    agent: str
    generation: int
    message: str
    """The real, redacted message."""
    count: int
    """Faults of this agent within the window, with this one."""


class AgentHealthDegraded(Recorded):
    """An agent has so many faults within the window that people should know."""

    type: Literal["agent_health_degraded"] = "agent_health_degraded"
    agent: str
    count: int
    is_healthy: bool
    """Whether it is still below the number that restarts it."""


class AgentRestarted(Recorded):
    """A process of the agent has ended, or is being ended now; another takes its place, with no faults counted."""

    type: Literal["agent_restarted"] = "agent_restarted"
    agent: str
    generation: int
    """The one that ended."""
    cause: RestartCause
    reason: str


class AgentFailed(Recorded):
    """The agent was restarted too often; its process is gone for good until `agents reset`."""

    type: Literal["agent_failed"] = "agent_failed"
    agent: str
    reason: str


class AgentHeartbeat(Recorded):
    """An idle agent lives."""

    type: Literal["agent_heartbeat"] = "agent_heartbeat"
    agent: str
    generation: int


class ModelUnavailable(Recorded):
    """No agent gets an answer from this model; its items wait."""

    type: Literal["model_unavailable"] = "model_unavailable"
    model: str
    reason: str


class ModelAvailable(Recorded):
    """The model may be asked again."""

    type: Literal["model_available"] = "model_available"
    model: str
    probe: bool
    """Let one call through first."""


class ModelHeld(Recorded):
    """Calls to this model wait for its limits; with nobody waiting, they do not any more."""

    type: Literal["rate_limited"] = "rate_limited"
    model: str
    by: str
    """requests, input_tokens, output_tokens; retry_after or refusals after 429 or 529; first_answers before limits
    are known."""
    waiting: int
    """Calls."""
    in_flight: int
    held_s: float
    """Seconds that the oldest of them waits."""
    limit: int | None = None
    """Per minute, of what `by` names."""
    left: int | None = None
    """Of it, that is planned with."""
    refused: int = 0
    """Calls that the API refused since this was told last."""
    retry_after_s: float | None = None
    """What it asked for then."""


class FleetBudgetSet(Recorded):
    """A person set what all runs of the fleet may take together; it holds from this row on."""

    type: Literal["fleet_budget_set"] = "fleet_budget_set"
    budget: Budget | None
    """Caps beside those that it does not name; None ends all of them."""
    anew: bool = False
    """Whether what was spent before does not count any more."""


class AgentRestartRequested(Recorded):
    """A person wants the agent's process replaced."""

    type: Literal["agent_restart_requested"] = "agent_restart_requested"
    agent: str


class AgentResetRequested(Recorded):
    """A person wants an agent that was given up to begin anew."""

    type: Literal["agent_reset_requested"] = "agent_reset_requested"
    agent: str


OfFleet = (
    AgentStarting
    | AgentStarted
    | AgentUnavailable
    | AgentErrorRecorded
    | AgentHealthDegraded
    | AgentRestarted
    | AgentFailed
    | AgentHeartbeat
    | AgentRestartRequested
    | AgentResetRequested
    | ModelUnavailable
    | ModelAvailable
    | ModelHeld
    | FleetBudgetSet
)
"""Every one of them."""

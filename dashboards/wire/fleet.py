"""What the outside sees of agents and models."""

from collections.abc import Callable
from typing import Any

from actors.events import (
    AgentErrorRecorded,
    AgentFailed,
    AgentHealthDegraded,
    AgentHeartbeat,
    AgentResetRequested,
    AgentRestarted,
    AgentRestartRequested,
    AgentStarted,
    AgentStarting,
    AgentUnavailable,
    FleetBudgetSet,
    ModelAvailable,
    ModelHeld,
    ModelUnavailable,
)
from dashboards.wire.table import HELD

WireEvent = dict[str, Any]
Told = list[tuple[str, WireEvent]]
Tasks = object
"""Nothing here is about an item."""


def _agent_starting(event: AgentStarting, _tasks: Tasks) -> Told:
    return [("agent_starting", {"agent_id": event.agent, "role": event.role.value})]


def _agent_started(event: AgentStarted, _tasks: Tasks) -> Told:
    process = _fields(event, "generation", "pid", "node")
    return [("agent_started", {"agent_id": event.agent, "role": event.role.value, **process})]


def _agent_unavailable(event: AgentUnavailable, _tasks: Tasks) -> Told:
    return [("agent_unavailable", {"agent_id": event.agent, "role": event.role.value, "reason": event.reason})]


def _agent_error_recorded(event: AgentErrorRecorded, _tasks: Tasks) -> Told:
    told = {"agent_id": event.agent, "generation": event.generation}
    return [("agent_error_recorded", {**told, "error_count": event.count, "error_message": event.message})]


def _agent_health_degraded(event: AgentHealthDegraded, _tasks: Tasks) -> Told:
    told = {"agent_id": event.agent, "error_count": event.count, "is_healthy": event.is_healthy}
    return [("agent_health_degraded", told)]


def _agent_restarted(event: AgentRestarted, _tasks: Tasks) -> Told:
    told = {"agent_id": event.agent, "generation": event.generation, "restart_cause": event.cause.value}
    return [("agent_restarted", {**told, "reason": event.reason})]


def _agent_given_up(event: AgentFailed, _tasks: Tasks) -> Told:
    return [("agent_given_up", {"agent_id": event.agent, "reason": event.reason})]


def _heartbeat(event: AgentHeartbeat, _tasks: Tasks) -> Told:
    return [("heartbeat", {"agent_id": event.agent, "generation": event.generation})]


def _fleet_budget_set(event: FleetBudgetSet, _tasks: Tasks) -> Told:
    caps = {} if event.budget is None else {"caps": event.budget.model_dump(exclude_none=True)}
    return [(event.type, {**caps, "anew": event.anew})]


def _agent_requested(event: AgentRestartRequested | AgentResetRequested, _tasks: Tasks) -> Told:
    return [(event.type, {"agent_id": event.agent})]


def _model_unavailable(event: ModelUnavailable, _tasks: Tasks) -> Told:
    return [("model_unavailable", _fields(event, "model", "reason"))]


def _model_available(event: ModelAvailable, _tasks: Tasks) -> Told:
    return [("model_available", _fields(event, "model", "probe"))]


def _rate_limited(event: ModelHeld, _tasks: Tasks) -> Told:
    return [("rate_limited", _fields(event, *HELD))]


def _fields(event: ModelUnavailable | ModelAvailable | ModelHeld | AgentStarted, *names: str) -> WireEvent:
    return {name: getattr(event, name) for name in names}


TOLD: dict[type, Callable[[Any, Any], Told]] = {
    AgentStarting: _agent_starting,
    AgentStarted: _agent_started,
    AgentUnavailable: _agent_unavailable,
    AgentErrorRecorded: _agent_error_recorded,
    AgentHealthDegraded: _agent_health_degraded,
    AgentRestarted: _agent_restarted,
    AgentFailed: _agent_given_up,
    AgentHeartbeat: _heartbeat,
    AgentRestartRequested: _agent_requested,
    AgentResetRequested: _agent_requested,
    FleetBudgetSet: _fleet_budget_set,
    ModelUnavailable: _model_unavailable,
    ModelAvailable: _model_available,
    ModelHeld: _rate_limited,
}

"""What the journal's rows mean to supervision."""

from collections.abc import Iterable
from typing import Final

from actors.events import AgentResetRequested, AgentStarted, AgentStarting, Event, ItemClosed
from actors.health.observations import Fault, ModelAnswered, ModelFailed, Observation, Reset, Started
from actors.vocabulary.failures import CLASSES
from actors.work import Failure, FailureKind

ANSWERED: Final = frozenset(
    {
        FailureKind.CONTEXT_TOO_LONG,
        FailureKind.BAD_REQUEST,
        FailureKind.REFUSAL,
        FailureKind.CUT_OFF,
        FailureKind.INVALID_ANSWER,
    }
)
"""Failures that a working model told of. A timeout tells nothing of the model."""


def dated(events: Iterable[Event], now: float) -> list[Event]:
    """The same rows, none from after the next one or after `now`: of a clock that was ahead, and was set right."""
    rows = list(events)
    for place in reversed(range(len(rows))):
        if rows[place].at > now:
            rows[place] = rows[place].model_copy(update={"at": now})
        now = rows[place].at
    return rows


def observations(event: Event) -> list[Observation]:
    """What this row tells, in order; mostly nothing."""
    match event:
        case ItemClosed():
            return _closed(event)
        case AgentStarted():
            return [Started(event.agent, event.generation)]
        case AgentStarting():
            return [Reset(event.agent)]
        case AgentResetRequested():
            return [Reset(event.agent, if_failed=True)]
    return []


def _closed(event: ItemClosed) -> list[Observation]:
    outcome = event.outcome
    if outcome.kind == "lost":
        return []
    model = event.asked or outcome.model
    if not isinstance(outcome, Failure):
        return [ModelAnswered(model)] if model else []
    told: list[Observation] = []
    if CLASSES[outcome.reason].agent_fault:
        told.append(Fault(event.agent, event.generation, outcome.message, event.at))
    if model and outcome.reason in ANSWERED:
        told.append(ModelAnswered(model))
    if model and CLASSES[outcome.reason].breaks_model:
        told.append(ModelFailed(model, outcome.reason, event.run, event.item, event.agent, outcome.message))
    return told

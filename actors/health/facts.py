"""What the journal's rows mean to supervision."""

from typing import Final

from actors.events import AgentResetRequested, AgentStarted, AgentStarting, Event, ItemAssigned, ItemClosed
from actors.failures import CLASSES
from actors.health.observations import Fault, ModelAnswered, ModelFailed, Observation, Reset, Started
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


class Facts:
    """Turns rows into observations. Remembers which model each open attempt was assigned to.

    A reply names the model in the API's words, which may be a dated version of what was asked for.
    """

    def __init__(self) -> None:
        self._models: dict[tuple[str, str, int], str] = {}

    def read(self, event: Event) -> list[Observation]:
        """What this row tells, in order; mostly nothing."""
        match event:
            case ItemAssigned():
                self._models[event.run, event.item, event.epoch] = event.model
                return []
            case ItemClosed():
                return self._closed(event)
            case AgentStarted():
                return [Started(event.agent, event.generation)]
            case AgentStarting():
                return [Reset(event.agent)]
            case AgentResetRequested():
                return [Reset(event.agent, if_failed=True)]
        return []

    def _closed(self, event: ItemClosed) -> list[Observation]:
        asked = self._models.pop((event.run, event.item, event.epoch), None)
        outcome = event.outcome
        if outcome.kind == "lost":
            return []
        model = asked or outcome.model
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

"""What the journal's rows tell supervision, and settings that are refused."""

import pytest
from pydantic import ValidationError

from actors.events import ItemClosed
from actors.health.observations import (
    Fault,
    ModelAnswered,
    ModelFailed,
    Reset,
    Started,
)
from actors.journal.fleet import AgentStarting
from actors.settings import HealthSettings
from actors.work import Content, Failure, FailureKind, Lost, Result, Role
from tests.support.supervision import T0, A, Stage


def outcome(kind: FailureKind | None) -> ItemClosed:
    model = "claude-x"
    told_ = (
        Failure(reason=kind, message="why", model=model) if kind else Result(data=Content(text=""), model=model + "-1")
    )
    asked = None if kind else model
    return ItemClosed(run="r", item="i", epoch=1, attempt=1, agent=A, generation=2, asked=asked, outcome=told_, at=T0)


FAULT = Fault(A, 2, "why", T0)
ANSWER = ModelAnswered("claude-x")


def failure_told(kind: FailureKind) -> ModelFailed:
    return ModelFailed("claude-x", kind, "r", "i", A, "why")


@pytest.mark.parametrize(
    ("kind", "observations"),
    [
        (FailureKind.AGENT_FAULT, [FAULT]),
        (FailureKind.CONTEXT_TOO_LONG, [ANSWER]),
        (FailureKind.BAD_REQUEST, [ANSWER]),
        (FailureKind.REFUSAL, [ANSWER]),
        (FailureKind.CUT_OFF, [ANSWER]),
        (FailureKind.INVALID_ANSWER, [ANSWER]),
        *((kind, [failure_told(kind)]) for kind in (FailureKind.TRANSIENT, FailureKind.NO_MODEL)),
        *((kind, [failure_told(kind)]) for kind in (FailureKind.RATE_LIMITED, FailureKind.OVERLOADED)),
        *((kind, []) for kind in (FailureKind.TIMEOUT, FailureKind.QUOTA, FailureKind.CREDENTIALS)),
        (None, [ANSWER]),
    ],
)
def test_what_an_outcome_tells(kind: FailureKind | None, observations: list[object]) -> None:
    assert Stage().health.read(outcome(kind)) == observations


def test_an_answer_of_the_model_that_was_asked_names_it() -> None:
    same = outcome(None).model_copy(update={"asked": None})
    assert Stage().health.read(same) == [ModelAnswered("claude-x-1")]


def test_it_is_calm_while_nothing_is_held_against_any_model() -> None:
    stage = Stage()
    assert stage.health.is_calm
    for kind, calm in ((FailureKind.TRANSIENT, False), (None, True), (FailureKind.REFUSAL, True)):
        for observation in stage.health.read(outcome(kind)):
            stage.health.handle(observation, T0)
        assert stage.health.is_calm is calm


def test_a_lost_attempt_tells_nothing_and_a_start_does() -> None:
    stage = Stage()
    lost = outcome(None).model_copy(update={"outcome": Lost(message="gone")})
    assert stage.health.read(lost) == []
    assert stage.health.read(AgentStarting(agent=A, role=Role.EXECUTOR)) == [Reset(A)]
    stage.start()
    assert stage.health.read(stage.journal[0]) == [Started(A, 1)]


@pytest.mark.parametrize(
    "mistake",
    [
        {"degraded_faults": 6},
        {"slow_answer_s": 15},
        {"silent_node_s": 14},
        {"window_s": 0},
        {"restarts": -1},
        {"unknown": 1},
    ],
)
def test_settings_that_make_no_sense_are_refused(mistake: dict[str, float]) -> None:
    with pytest.raises(ValidationError):
        HealthSettings.model_validate(mistake)

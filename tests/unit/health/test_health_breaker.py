"""When a model is unavailable, and how it comes back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.events import ModelUnavailable
from actors.health.observations import ModelAnswered, ModelFailed
from actors.vocabulary.failures import CLASSES
from actors.work import FailureKind
from tests.support.supervision import T0, Longest, Stage, Story, told

M = "claude-x"
DOWN = [("unavailable", M)]


class Calls(Stage):
    """Calls of one model that end at once."""

    def fail(
        self, item: str = "i", agent: str = "a", kind: FailureKind = FailureKind.TRANSIENT, model: str = M
    ) -> Story:
        """A call that failed."""
        return told(self.see(ModelFailed(model, kind, "r", item, agent, "502")))

    def answer(self, model: str = M) -> Story:
        """A call that was answered."""
        return told(self.see(ModelAnswered(model)))

    def outage(self) -> Story:
        """Failures of different items until the model is unavailable."""
        for n in range(4):
            assert self.fail(f"i{n}") == []
        return self.fail("i4")


def test_five_failures_in_a_row_make_a_model_unavailable() -> None:
    calls = Calls()
    assert calls.outage() == DOWN
    event = calls.journal[-1]
    assert isinstance(event, ModelUnavailable)
    assert event.reason == "5 calls failed in a row, the last: 502"


def test_an_answer_between_begins_the_count_anew() -> None:
    calls = Calls()
    for n in range(4):
        calls.fail(f"i{n}")
    assert calls.answer() == []
    assert calls.outage() == DOWN


def test_one_item_on_one_agent_is_not_enough() -> None:
    calls = Calls()
    assert [calls.fail() for _ in range(20)] == [[]] * 20
    assert calls.fail(agent="b") == DOWN, "another agent does not get over it either"
    calls = Calls()
    assert [calls.fail() for _ in range(20)] == [[]] * 20
    assert calls.fail("j") == DOWN


@pytest.mark.parametrize("kind", FailureKind)
def test_only_failures_of_the_model_count(kind: FailureKind) -> None:
    calls = Calls()
    stories = [calls.fail(f"i{n}", kind=kind) for n in range(5)]
    assert (DOWN in stories) is CLASSES[kind].breaks_model


def test_no_such_model_is_enough_at_once() -> None:
    calls = Calls()
    assert calls.fail(kind=FailureKind.NO_MODEL) == DOWN
    event = calls.journal[-1]
    assert isinstance(event, ModelUnavailable)
    assert event.reason == "502"


def test_models_do_not_count_for_each_other() -> None:
    calls = Calls()
    for n in range(4):
        calls.fail(f"i{n}")
    assert calls.fail("i4", model="local") == []
    assert calls.answer("local") == []
    assert calls.fail("i5") == DOWN


def test_what_was_in_flight_at_the_opening_changes_nothing() -> None:
    calls = Calls()
    calls.outage()
    assert calls.fail("i9") == []
    assert calls.health.wake_at() == T0 + 1


def test_after_the_back_off_one_call_is_let_through() -> None:
    calls = Calls()
    calls.outage()
    assert calls.tick(0.5) == []
    assert calls.tick(1) == [("available", M, True)]
    assert calls.health.wake_at() is None
    assert calls.tick(1000) == []


def test_an_answer_to_it_makes_the_model_fully_available() -> None:
    calls = Calls()
    calls.outage()
    calls.tick(1)
    assert calls.answer() == [("available", M, False)]
    assert calls.answer() == []
    assert calls.outage() == DOWN
    assert calls.health.wake_at() == T0 + 2, "the back-off begins anew"


def test_an_answer_to_a_call_from_before_does_so_too() -> None:
    calls = Calls()
    calls.outage()
    assert calls.answer() == [("available", M, False)]
    assert calls.tick(100) == []


def test_failures_of_the_probe_double_the_back_off_up_to_the_cap() -> None:
    calls, waits = Calls(), []
    calls.outage()
    for _ in range(9):
        due = calls.health.wake_at()
        assert due is not None
        waits.append(due - T0 - calls.now)
        assert calls.tick(due - T0) == [("available", M, True)]
        assert calls.fail() == DOWN
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60, 60]


def test_a_probe_that_tells_nothing_of_the_model_decides_nothing() -> None:
    calls = Calls()
    calls.outage()
    calls.tick(1)
    assert calls.fail(kind=FailureKind.TIMEOUT) == []
    assert calls.answer() == [("available", M, False)]


@given(st.lists(st.tuples(st.sampled_from(["answer", "fail", "tick"]), st.integers(0, 2), st.integers(0, 2))))
def test_the_breaker_is_what_the_history_says(steps: list[tuple[str, int, int]]) -> None:
    """Against a naive model that looks at the whole history each time."""
    calls = Calls(random=Longest())
    history: list[tuple[str, int, int]] = []
    state, openings, until = "available", 0, 0.0
    for kind, item, agent in steps:
        expected: Story = []
        if kind == "tick":
            story = calls.tick(calls.now + 1)
            if state == "unavailable" and calls.now >= until:
                state, expected = "probed", [("available", M, True)]
        elif kind == "answer":
            story = calls.answer()
            expected = [] if state == "available" else [("available", M, False)]
            state, openings, history = "available", 0, []
        else:
            story = calls.fail(str(item), str(agent))
            history.append((kind, item, agent))
            opens = state == "probed" or (state == "available" and len(history) >= 5 and len(set(history)) >= 2)
            if opens:
                state, until, openings = "unavailable", calls.now + min(60, 2**openings), openings + 1
                expected = [("unavailable", M)]
        assert story == expected

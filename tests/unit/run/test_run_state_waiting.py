"""Runs for which there is no model or no agent: they wait, say why, hear what people want, and go on by themselves."""

import pytest

from actors.events import (
    AgentFailed,
    AgentUnavailable,
    CancelRequested,
    ContinueRequested,
    Event,
    ItemCancelled,
    ModelAvailable,
    ModelUnavailable,
    PauseRequested,
    RunFinished,
    RunPaused,
    RunResumed,
    RunWaiting,
)
from actors.work import Failure, FailureKind, Item, Role, RunStatus
from cluster.run.commands import AgentAttached, Append, Drain
from cluster.run.graph import WorkGraph
from cluster.run.state import RunState
from tests.support.runs import GOOD, apply, closed, executors, graph, started

DOWN = ModelUnavailable(model="scripted", reason="no such host")
PROBE = ModelAvailable(model="scripted", probe=True)
UP = ModelAvailable(model="scripted", probe=False)
RESET = Failure(reason=FailureKind.TRANSIENT, message="reset")
REFUSED = Failure(reason=FailureKind.REFUSAL, message="no")


def waiting(*names: str) -> RunState:
    """A run that waits for its model."""
    state = RunState("r", graph(**{name: [] for name in names or ("one", "two", "three")}), "scripted")
    state.replay([DOWN])
    _, facts = apply(state, [*state.start(1, executors("a")), *state.handle(AgentAttached("a", 1, 10))])
    assert kinds(facts) == [RunWaiting]
    return state


def kinds(facts: list[Event]) -> list[type[Event]]:
    return [type(fact) for fact in facts]


def test_a_run_whose_model_is_unavailable_waits_with_the_reason_and_assigns_nothing() -> None:
    state = RunState("r", graph(one=[]), "scripted")
    state.replay([DOWN])
    (fact,) = state.start(1, executors("a"))
    assert isinstance(fact, Append)
    assert isinstance(fact.event, RunWaiting)
    assert fact.event.reason == "model scripted is unavailable: no such host"
    assert state.handle(AgentAttached("a", 1, 1)) == []


def test_what_is_active_ends_before_the_run_waits() -> None:
    state, commands = started(graph(one=[], two=["one"]))
    (one,), _ = apply(state, commands)
    assert state.handle(DOWN) == []
    _, facts = apply(state, state.handle(closed(one, GOOD)))
    assert kinds(facts) == [RunWaiting]


def test_items_of_other_models_go_on() -> None:
    items = (Item(id="one", description="x"), Item(id="other", description="x", model="local"))
    state = RunState("r", WorkGraph(items), "scripted")
    state.replay([DOWN])
    (task,), facts = apply(state, [*state.start(1, executors("a")), *state.handle(AgentAttached("a", 1, 10))])
    assert (task.item.id, task.model) == ("other", "local")
    assert RunWaiting not in kinds(facts)
    _, facts = apply(state, state.handle(closed(task, GOOD)))
    assert kinds(facts) == [RunWaiting]


def test_one_item_goes_first_and_all_once_the_model_has_answered() -> None:
    state = waiting()
    (one,), facts = apply(state, state.handle(PROBE))
    assert kinds(facts)[0] is RunResumed
    tasks, _ = apply(state, state.handle(closed(one, GOOD)))
    assert len(tasks) == 2


def test_a_refusal_is_an_answer_and_a_broken_connection_is_none() -> None:
    state = waiting()
    (one,), _ = apply(state, state.handle(PROBE))
    (two,), _ = apply(state, state.handle(closed(one, RESET)))
    assert two.item.id != one.item.id, "one that was put back goes behind the others"
    tasks, _ = apply(state, state.handle(closed(two, REFUSED)))
    assert len(tasks) == 2


def test_a_probe_that_fails_may_shut_the_model_again_and_the_run_waits_again() -> None:
    state = waiting()
    (one,), _ = apply(state, state.handle(PROBE))
    _, facts = apply(state, state.handle(DOWN, closed(one, RESET)))
    assert kinds(facts) == [RunWaiting]
    tasks, facts = apply(state, state.handle(UP))
    assert (len(tasks), kinds(facts)[0]) == (3, RunResumed)


def test_after_a_failure_of_its_model_a_run_asks_for_one_item_at_a_time() -> None:
    state, commands = started(graph(one=[], two=[], three=["two"]), concurrency=2)
    (first, second), _ = apply(state, commands)
    assert {first.item.id, second.item.id} == {"one", "two"}
    (again,), _ = apply(state, state.handle(closed(first, RESET)))
    assert apply(state, state.handle(closed(second, RESET))) == ([], []), "one is on its way already"
    tasks, _ = apply(state, state.handle(closed(again, GOOD)))
    assert tasks


def test_a_run_without_agents_waits_and_says_what_to_do() -> None:
    state = RunState("r", graph(one=[]), "scripted")
    agents = executors("a", "b")
    apply(state, [*state.start(1, agents), *state.handle(AgentAttached("a", 1, 1))])
    apply(state, state.handle(AgentUnavailable(agent="b", role=Role.EXECUTOR, reason="no memory")))
    assert state.status is RunStatus.RUNNING
    _, facts = apply(state, state.handle(AgentFailed(agent="a", reason="4 restarts in 60 s")))
    (wait,) = [fact for fact in facts if isinstance(fact, RunWaiting)]
    told = "no agent of role executor is left: a: 4 restarts in 60 s; `mnemosyne agents reset a`"
    assert wait.reason == told
    tasks, facts = apply(state, state.handle(AgentAttached("b", 1, 1)))
    assert (len(tasks), kinds(facts)[0]) == (1, RunResumed)


def test_an_agent_that_takes_work_is_not_missing_though_it_came_up_late() -> None:
    state, commands = started(graph(one=[]))
    (task,), _ = apply(state, commands)
    apply(state, state.handle(AgentUnavailable(agent="a", role=Role.EXECUTOR, reason="it was not up within 60 s")))
    tasks, facts = apply(state, state.handle(closed(task, RESET)))
    assert len(tasks) == 1
    assert RunWaiting not in kinds(facts)


def test_a_waiting_run_can_be_cancelled() -> None:
    state = waiting("one", "two")
    _, facts = apply(state, state.handle(CancelRequested(run="r")))
    assert kinds(facts) == [ItemCancelled, ItemCancelled, RunFinished]
    assert state.status is RunStatus.CANCELLED


def test_a_waiting_run_can_be_paused_and_goes_back_to_waiting() -> None:
    state = waiting()
    _, facts = apply(state, state.handle(PauseRequested(run="r")))
    assert kinds(facts) == [RunPaused]
    assert state.handle(UP) == []
    _, facts = apply(state, state.handle(DOWN, ContinueRequested(run="r")))
    assert kinds(facts) == [RunResumed, RunWaiting]


def test_a_waiting_run_can_be_drained() -> None:
    state = waiting()
    assert not state.drained
    _, facts = apply(state, state.handle(Drain()))
    assert [fact.reason for fact in facts if isinstance(fact, RunPaused)] == ["interrupted"]
    assert state.drained


@pytest.mark.parametrize("mended", [True, False])
def test_a_new_driver_goes_on_with_a_waiting_run_or_waits_on(mended: bool) -> None:
    work = graph(one=[])
    after = RunState("r", work, "scripted")
    after.replay([DOWN, RunWaiting(run="r", term=1, reason="x"), *([UP] if mended else [])])
    tasks, facts = apply(after, [*after.start(2, executors("a")), *after.handle(AgentAttached("a", 1, 1))])
    assert (len(tasks), kinds(facts)[:1]) == ((1, [RunResumed]) if mended else (0, []))
    assert after.idle is not mended


def test_a_quota_pauses_once_and_what_was_active_ends_by_itself() -> None:
    quota = Failure(reason=FailureKind.QUOTA, message="spent")
    state, commands = started(graph(one=[], two=[], three=["one", "two"]))
    (one, two), _ = apply(state, commands)
    _, facts = apply(state, state.handle(closed(one, quota)))
    assert [fact.reason for fact in facts if isinstance(fact, RunPaused)] == ["quota"]
    assert apply(state, state.handle(closed(two, quota))) == ([], [])
    tasks, facts = apply(state, state.handle(ContinueRequested(run="r")))
    assert (len(tasks), kinds(facts)[0]) == (2, RunResumed)
    assert {task.attempt for task in tasks} == {1}

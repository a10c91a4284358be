"""The run state: ordinary runs step by step, and random runs against its invariants."""

import pytest

from actors.events import (
    CancelRequested,
    ContinueRequested,
    ItemAssigned,
    ItemCancelled,
    ItemClosed,
    ItemFailed,
    ItemSkipped,
    PauseRequested,
    RunFinished,
    RunPaused,
    RunResumed,
    RunStarted,
)
from actors.work import (
    Content,
    Item,
    Lost,
    RunStatus,
)
from cluster.run.commands import AgentAttached, AgentAway, Append, Cancel, Drain
from cluster.run.graph import WorkGraph
from cluster.run.state import RunState
from cluster.run.transitions import InvalidTransition
from tests.support.fakes import check
from tests.support.runs import BAD, GONE, GOOD, apply, closed, executors, graph, started


def test_a_chain_runs_in_order_and_hands_results_on() -> None:
    state, commands = started(graph(one=[], two=["one"]))
    (first,), _ = apply(state, commands)
    (second,), _ = apply(state, state.handle(closed(first, GOOD)))
    assert second.results == {"one": Content(text="done")}
    _, facts = apply(state, state.handle(closed(second, GOOD)))
    assert [type(fact) for fact in facts] == [RunFinished]
    assert state.status is RunStatus.COMPLETED
    assert not state.results, "results that nobody needs any more are let go"


def test_a_failed_item_skips_what_depends_on_it_with_the_cause() -> None:
    state, commands = started(graph(one=[], two=["one"], three=["two"], other=[]))
    tasks, _ = apply(state, commands)
    by_id = {task.item.id: task for task in tasks}
    _, facts = apply(state, state.handle(closed(by_id["one"], BAD)))
    assert [(type(f), f.item) for f in facts if not isinstance(f, RunFinished | RunStarted)] == [  # type: ignore[union-attr]
        (ItemFailed, "one"),
        (ItemSkipped, "two"),
        (ItemSkipped, "three"),
    ]
    _, facts = apply(state, state.handle(closed(by_id["other"], GOOD)))
    assert isinstance(facts[-1], RunFinished)
    assert facts[-1].status is RunStatus.COMPLETED_WITH_FAILURES
    assert facts[-1].counts == {
        "waiting": 0,
        "ready": 0,
        "active": 0,
        "pending_review": 0,
        "blocked": 0,
        "complete": 1,
        "failed": 1,
        "skipped": 2,
        "cancelled": 0,
        "quarantined": 0,
    }


def test_a_lost_attempt_is_assigned_again_and_not_charged() -> None:
    state, commands = started(graph(one=[]))
    (first,), _ = apply(state, commands)
    (second,), _ = apply(state, state.handle(closed(first, GONE)))
    assert (first.epoch, first.attempt) == (1, 1)
    assert (second.epoch, second.attempt) == (2, 1)


def test_the_longest_path_goes_first_then_priority_then_the_plan() -> None:
    items = (
        Item(id="plain", description="x"),
        Item(id="urgent", description="x", priority=9),
        Item(id="long", description="x"),
        Item(id="end", description="x", dependencies=("long",)),
    )
    state, commands = started(WorkGraph(items), concurrency=1)
    order = []
    tasks, _ = apply(state, commands)
    while tasks:
        (task,) = tasks
        order.append(task.item.id)
        slow = GOOD.model_copy(update={"seconds": 100.0})
        tasks, _ = apply(state, state.handle(closed(task, slow)))
    assert order == ["long", "urgent", "plain", "end"]


def test_a_wide_run_is_assigned_a_part_at_a_time_while_it_is_asked_for_more() -> None:
    state = RunState("r", graph(**{f"i{number}": [] for number in range(7)}), "scripted")
    state.most = 3
    commands = [*state.start(1, executors("a")), *state.handle(AgentAttached("a", 1, 10))]
    assigned = [sum(isinstance(c, Append) and isinstance(c.event, ItemAssigned) for c in commands)]
    while state.more:
        check(state)
        commands += state.handle()
        assigned.append(sum(isinstance(c, Append) and isinstance(c.event, ItemAssigned) for c in commands))
    assert assigned == [3, 6, 7]
    tasks, _ = apply(state, commands)
    assert len(tasks) == 7


def test_nothing_is_asked_for_once_nothing_may_be_assigned() -> None:
    state = RunState("r", graph(one=[], two=[]), "scripted")
    state.most = 1
    commands = [*state.start(1, executors("a")), *state.handle(AgentAttached("a", 1, 10))]
    assert state.more
    apply(state, [*commands, *state.handle(Drain())])
    assert not state.more


def test_an_agent_that_comes_back_empty_handed_lost_what_it_had() -> None:
    state, commands = started(graph(one=[], two=[]))
    tasks, _ = apply(state, commands)
    assert not state.handle(AgentAway("a"))
    back = AgentAttached("a", 2, 10, held=frozenset({(tasks[0].item.id, tasks[0].epoch)}))
    (lost,) = state.handle(back)
    assert isinstance(lost, Append)
    assert isinstance(lost.event, ItemClosed)
    assert lost.event.item == tasks[1].item.id
    assert isinstance(lost.event.outcome, Lost)
    (again,), _ = apply(state, [lost])
    assert (again.item.id, again.epoch) == (tasks[1].item.id, 2)


def test_an_illegal_event_changes_nothing_and_tells_the_story() -> None:
    state, commands = started(graph(one=[]))
    (task,), _ = apply(state, commands)
    apply(state, state.handle(closed(task, GOOD)))
    before = dict(state.tally())
    with pytest.raises(InvalidTransition, match=r"'one' is complete .* assigned #1 to a, closed #1: result"):
        state.handle(closed(task, GOOD))
    assert state.tally() == before
    check(state)


def test_a_cancelled_item_skips_what_depends_on_it_and_the_rest_goes_on() -> None:
    state, commands = started(graph(one=[], two=["one"], other=[]))
    tasks, _ = apply(state, commands)
    one = next(task for task in tasks if task.item.id == "one")
    (cancel,) = state.handle(CancelRequested(run="r", target="one"))
    assert cancel == Cancel("a", "one", 1)
    _, facts = apply(state, state.handle(closed(one, GONE)))
    assert [type(fact) for fact in facts] == [ItemCancelled, ItemSkipped]
    assert state.tally()["active"] == 1


def test_a_result_that_was_faster_than_the_cancel_is_kept() -> None:
    state, commands = started(graph(one=[]))
    (task,), _ = apply(state, commands)
    state.handle(CancelRequested(run="r"))
    apply(state, state.handle(closed(task, GOOD)))
    assert state.status is RunStatus.COMPLETED


def test_a_paused_run_assigns_nothing_until_it_is_continued() -> None:
    state, commands = started(graph(one=[], two=["one"]))
    (one,), _ = apply(state, commands)
    _, facts = apply(state, state.handle(PauseRequested(run="r")))
    assert [type(fact) for fact in facts] == [RunPaused]
    tasks, _ = apply(state, state.handle(closed(one, GOOD)))
    assert not tasks
    tasks, facts = apply(state, state.handle(ContinueRequested(run="r")))
    assert [task.item.id for task in tasks] == ["two"]
    assert isinstance(facts[0], RunResumed)


def test_a_drained_run_pauses_once_nothing_is_active_and_goes_on_with_the_next_driver() -> None:
    work = graph(one=[], two=["one"])
    state, commands = started(work)
    (one,), facts = apply(state, commands)
    assert apply(state, state.handle(Drain())) == ([], [])
    assert not state.drained
    _, more = apply(state, state.handle(end := closed(one, GOOD)))
    assert state.drained
    after = RunState("r", work, "scripted")
    after.replay([*facts, end, *more])
    assert after.status is RunStatus.PAUSED
    tasks, _ = apply(after, [*after.start(2, executors("a")), *after.handle(AgentAttached("a", 1, 1))])
    assert [task.item.id for task in tasks] == ["two"]


def test_what_an_agent_held_that_is_not_in_the_fleet_any_more_is_lost() -> None:
    work = graph(one=[])
    state, commands = started(work)
    _, facts = apply(state, commands)
    after = RunState("r", work, "scripted")
    after.replay(facts)
    tasks, facts = apply(after, [*after.start(2, executors("b")), *after.handle(AgentAttached("b", 1, 1))])
    assert [(task.item.id, task.epoch) for task in tasks] == [("one", 2)]

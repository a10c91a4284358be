"""The run state: ordinary runs step by step, and random runs against its invariants."""

import random
from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.events import Event, ItemAssigned, ItemClosed, ItemFailed, ItemSkipped, RunFinished, RunStarted
from actors.work import (
    TERMINAL,
    Content,
    Failure,
    FailureKind,
    Item,
    ItemState,
    Lost,
    Outcome,
    Result,
    RunStatus,
    Task,
)
from cluster.commands import AgentAttached, AgentAway, Append, Command, Submit
from cluster.graph import WorkGraph
from cluster.run_state import RunState
from cluster.transitions import InvalidTransition

GOOD = Result(data=Content(text="done"), model="scripted")
BAD = Failure(reason=FailureKind.REFUSAL, message="no")
GONE = Lost(message="killed")


def graph(**dependencies: Iterable[str]) -> WorkGraph:
    return WorkGraph(tuple(Item(id=k, description=k, dependencies=tuple(v)) for k, v in dependencies.items()))


def started(work: WorkGraph, concurrency: int = 10) -> tuple[RunState, list[Command]]:
    state = RunState("r", work, "scripted")
    return state, [*state.start(1), *state.handle(AgentAttached("a", 1, concurrency))]


def apply(state: RunState, commands: Iterable[Command]) -> tuple[list[Task], list[Event]]:
    """Put every append on 'disk' until nothing is owed; the tasks that went out and the facts that went in."""
    owed, tasks, facts = list(commands), [], []
    while owed:
        command = owed.pop(0)
        match command:
            case Append(event):
                facts.append(event)
                owed += state.handle(event)
            case Submit(_, task):
                tasks.append(task)
        state.check()
    return tasks, facts


def closed(task: Task, outcome: Outcome) -> ItemClosed:
    return ItemClosed(
        run=task.run, item=task.item.id, epoch=task.epoch, attempt=task.attempt, agent="a", generation=1, outcome=outcome
    )


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
    assert facts[-1].counts == {"waiting": 0, "ready": 0, "active": 0, "complete": 1, "failed": 1, "skipped": 2}


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
    with pytest.raises(InvalidTransition, match="'one' is complete .* assigned #1 to a, closed #1: result"):
        state.handle(closed(task, GOOD))
    assert state.tally() == before
    state.check()


@st.composite
def plans(draw: st.DrawFn) -> WorkGraph:
    size = draw(st.integers(1, 12))
    edges = {i: draw(st.sets(st.integers(0, i - 1), max_size=3)) if i else set() for i in range(size)}
    return graph(**{f"i{i}": [f"i{d}" for d in sorted(deps)] for i, deps in edges.items()})


def play(work: WorkGraph, rng: random.Random) -> list[Event]:
    """A whole run with random outcomes, agents that come and go, and drivers that die between any two facts."""
    journal: list[Event] = [RunStarted(run="r", term=1, driver="d")]
    state, term = RunState("r", work, "scripted"), 1
    state.replay(journal)
    owed: list[Command] = [*state.start(term), *state.handle(AgentAttached("a", 1, rng.randint(1, 4)))]
    running: list[Task] = []
    while not state.finished:
        dice = rng.random()
        if dice < 0.1:  # the driver dies: what was owed is forgotten, what is on disk stays
            term += 1
            state = RunState("r", work, "scripted")
            state.replay([*journal, RunStarted(run="r", term=term, driver="d")])
            state.check()
            held = frozenset((task.item.id, task.epoch) for task in running)
            owed = [*state.start(term), *state.handle(AgentAttached("a", term, rng.randint(1, 4), held))]
        elif owed and (dice < 0.6 or not running):
            command = owed.pop(0)
            if isinstance(command, Submit):
                running.append(command.task)
            else:
                journal.append(command.event)
                owed += state.handle(command.event)
        elif running:
            task = running.pop(rng.randrange(len(running)))
            outcomes: list[Outcome] = [GOOD, BAD, GONE]
            journal.append(closed(task, rng.choices(outcomes, [8, 1, 2])[0]))
            owed += state.handle(journal[-1])
        else:
            raise AssertionError(f"nothing owed, nothing running, not finished: {state.tally()}")
        state.check()
    return journal


@settings(max_examples=300, deadline=None)
@given(plans(), st.integers())
def test_every_item_ends_once_whatever_dies(work: WorkGraph, seed: int) -> None:
    journal = play(work, random.Random(seed))
    epochs: dict[str, int] = {}
    results: set[str] = set()
    ended: set[str] = set()
    for event in journal:
        match event:
            case ItemAssigned(item=item, epoch=epoch):
                assert item not in ended
                assert set(work.by_id[item].dependencies) <= results, "an item started before its dependencies"
                assert epoch == epochs.get(item, 0) + 1
                epochs[item] = epoch
            case ItemClosed(item=item, outcome=Result()):
                assert item not in ended
                results.add(item)
                ended.add(item)
            case ItemFailed(item=item) | ItemSkipped(item=item):
                assert item not in ended
                ended.add(item)
    assert ended == set(work.by_id)
    replayed = RunState("r", work, "scripted")
    replayed.replay(journal)
    replayed.check()
    assert replayed.finished
    assert sum(replayed.counts[state] for state in TERMINAL) == len(work.items)
    assert not replayed.results
    assert replayed.counts[ItemState.COMPLETE] == len(results)

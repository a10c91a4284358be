"""The run state: ordinary runs step by step, and random runs against its invariants."""

import random
from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.events import (
    CancelRequested,
    ContinueRequested,
    Event,
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
from cluster.commands import AgentAttached, AgentAway, Append, Cancel, Command, Drain, Submit
from cluster.graph import WorkGraph
from cluster.run_state import RunState
from cluster.transitions import InvalidTransition
from tests.fakes import check

GOOD = Result(data=Content(text="done"), model="scripted")
BAD = Failure(reason=FailureKind.REFUSAL, message="no")
GONE = Lost(message="killed")


def graph(**dependencies: Iterable[str]) -> WorkGraph:
    return WorkGraph(tuple(Item(id=k, description=k, dependencies=tuple(v)) for k, v in dependencies.items()))


def started(work: WorkGraph, concurrency: int = 10) -> tuple[RunState, list[Command]]:
    state = RunState("r", work, "scripted")
    return state, [*state.start(1, {"a"}), *state.handle(AgentAttached("a", 1, concurrency))]


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
        check(state)
    return tasks, facts


def closed(task: Task, outcome: Outcome) -> ItemClosed:
    return ItemClosed(
        run=task.run,
        item=task.item.id,
        epoch=task.epoch,
        attempt=task.attempt,
        agent="a",
        generation=1,
        outcome=outcome,
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
    assert facts[-1].counts == {
        "waiting": 0,
        "ready": 0,
        "active": 0,
        "complete": 1,
        "failed": 1,
        "skipped": 2,
        "cancelled": 0,
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
    tasks, _ = apply(after, [*after.start(2, {"a"}), *after.handle(AgentAttached("a", 1, 1))])
    assert [task.item.id for task in tasks] == ["two"]


def test_what_an_agent_held_that_is_not_in_the_fleet_any_more_is_lost() -> None:
    work = graph(one=[])
    state, commands = started(work)
    _, facts = apply(state, commands)
    after = RunState("r", work, "scripted")
    after.replay(facts)
    tasks, facts = apply(after, [*after.start(2, {"b"}), *after.handle(AgentAttached("b", 1, 1))])
    assert [(task.item.id, task.epoch) for task in tasks] == [("one", 2)]


@st.composite
def plans(draw: st.DrawFn) -> WorkGraph:
    size = draw(st.integers(1, 12))
    edges = {i: draw(st.sets(st.integers(0, i - 1), max_size=3)) if i else set() for i in range(size)}
    return graph(**{f"i{i}": [f"i{d}" for d in sorted(deps)] for i, deps in edges.items()})


def play(work: WorkGraph, rng: random.Random) -> list[Event]:
    """A whole run: random outcomes, requests at any moment, drivers that die between any two facts."""
    journal: list[Event] = []
    state = RunState("r", work, "scripted")
    owed: list[Command] = []
    running: list[Task] = []
    term = 0

    def take(event: Event) -> None:
        journal.append(event)
        owed.extend(state.handle(event))

    def new_driver() -> None:
        nonlocal state, owed, term
        term += 1
        state = RunState("r", work, "scripted")
        journal.append(RunStarted(run="r", term=term, driver="d"))
        state.replay(journal)
        check(state)
        held = frozenset((task.item.id, task.epoch) for task in running)
        owed = [*state.start(term, {"a"}), *state.handle(AgentAttached("a", term, rng.randint(1, 4), held))]

    new_driver()
    while not state.finished:
        dice = rng.random()
        if dice < 0.07:
            new_driver()
        elif dice < 0.12:
            target = rng.choice([None, *work.by_id]) if rng.random() < 0.3 else rng.choice(list(work.by_id))
            take(CancelRequested(run="r", target=target) if rng.random() < 0.5 else PauseRequested(run="r"))
        elif dice < 0.2 or not (owed or running):
            assert owed or running or state.status is RunStatus.PAUSED, f"stuck: {state.tally()}"
            take(ContinueRequested(run="r"))
        elif owed and (dice < 0.6 or not running):
            match owed.pop(0):
                case Submit(_, task):
                    running.append(task)
                case Append(event):
                    take(event)
                case Cancel(_, item, epoch):
                    for task in [t for t in running if (t.item.id, t.epoch) == (item, epoch)]:
                        running.remove(task)
                        take(closed(task, GONE))
        else:
            outcomes: list[Outcome] = [GOOD, BAD, GONE]
            take(closed(running.pop(rng.randrange(len(running))), rng.choices(outcomes, [8, 1, 2])[0]))
        check(state)
    assert not running
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
            case ItemFailed(item=item) | ItemSkipped(item=item) | ItemCancelled(item=item):
                assert item not in ended
                ended.add(item)
    assert ended == set(work.by_id)
    replayed = RunState("r", work, "scripted")
    replayed.replay(journal)
    check(replayed)
    assert replayed.finished
    assert sum(replayed.counts[state] for state in TERMINAL) == len(work.items)
    assert not replayed.results
    assert replayed.counts[ItemState.COMPLETE] == len(results)

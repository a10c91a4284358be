"""Random runs against the run state's invariants: outcomes, requests and drivers that die between any two facts."""

import random

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
    ItemReused,
    ItemSkipped,
    PauseRequested,
    RunStarted,
)
from actors.work import TERMINAL, ItemState, Outcome, Result, RunStatus, Task
from cluster.commands import AgentAttached, Append, Cancel, Command, Submit
from cluster.graph import WorkGraph
from cluster.run_state import RunState
from tests.fakes import check
from tests.histories import beginnings, reuse
from tests.runs import BAD, GONE, GOOD, closed, graph


@st.composite
def plans(draw: st.DrawFn) -> WorkGraph:
    size = draw(st.integers(1, 12))
    edges = {i: draw(st.sets(st.integers(0, i - 1), max_size=3)) if i else set() for i in range(size)}
    return graph(**{f"i{i}": [f"i{d}" for d in sorted(deps)] for i, deps in edges.items()})


def play(work: WorkGraph, rng: random.Random) -> list[Event]:
    """A whole run: random outcomes, requests at any moment, drivers that die between any two facts.

    Every other one begins with results of an earlier run.
    """
    journal: list[Event] = [reuse(id_) for id_ in (beginnings(work.items, rng) if rng.random() < 0.5 else ())]
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
            case ItemReused(item=item):
                assert event.item not in epochs
                results.add(item)
                ended.add(item)
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

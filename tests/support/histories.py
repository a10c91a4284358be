"""Journals for tests: random legal ones made by the real run state, and stores that hold given ones."""

import random
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from itertools import count
from pathlib import Path

from actors.events import (
    CancelRequested,
    ContinueRequested,
    Event,
    ItemAssigned,
    ItemClosed,
    ItemFailed,
    ItemReused,
    ItemStarted,
    PauseRequested,
    RunAccepted,
    RunFinished,
    RunStarted,
    ToolDone,
    TurnDone,
)
from actors.stores.group import GroupStore
from actors.stores.protocol import Accept, RunRecord
from actors.work import (
    Content,
    Failure,
    FailureKind,
    Item,
    ItemState,
    Lost,
    Outcome,
    Result,
    Role,
    RunStatus,
    Task,
    Usage,
)
from cluster.run.commands import AgentAttached, Append, Cancel, Command, Submit
from cluster.run.graph import WorkGraph
from cluster.run.state import RunState
from dashboards.views.projection import RunView

AGENTS = {"executor-0": Role.EXECUTOR, "executor-1": Role.EXECUTOR}
GOOD = Result(
    data=Content(text="done"),
    model="scripted",
    usage=Usage(input_tokens=312, output_tokens=88),
    cost_usd=0.01,
    seconds=4.2,
)
BAD = Failure(reason=FailureKind.REFUSAL, message="the model declined", model="scripted", cost_usd=0.0, seconds=1.0)
GONE = Lost(message="executor-0 was killed")
SUSPECT = Lost(message="executor-0 died, nobody knows why", suspect=True)
FAULT = Failure(reason=FailureKind.AGENT_FAULT, message="KeyError: 'x'", model="scripted", cost_usd=0.0, seconds=1.0)
BUSY = Failure(reason=FailureKind.OVERLOADED, message="overloaded", model="scripted", cost_usd=0.0, seconds=1.0)
OUTCOMES: dict[Outcome, int] = {GOOD: 8, BAD: 1, GONE: 1, SUSPECT: 1, FAULT: 1, BUSY: 1}
"""What attempts end with, and how often."""


def items(**dependencies: Iterable[str]) -> tuple[Item, ...]:
    """Items by what they depend on."""
    return tuple(Item(id=k, description=f"do {k}", dependencies=tuple(v)) for k, v in dependencies.items())


def record(plan: Sequence[Item], run: str = "r") -> RunRecord:
    """A run that is accepted and not begun."""
    return RunRecord(run, None, "plan", "digest", "scripted", 0, None, 1, len(plan))


def legal(
    plan: tuple[Item, ...], rng: random.Random, run: str = "r", *, wishes: float = 0.0, reused: Sequence[str] = ()
) -> Iterator[tuple[Event, RunState]]:
    """A whole random run, row by row, each with the run state after it; `wishes` is how probable a request is.

    `reused`: ids of items that are complete from the start, dependencies first.
    """
    seqs, state = count(1), RunState(run, WorkGraph(plan), "scripted")
    taken_over = [reuse(item, run) for item in reused]
    state.replay(taken_over)
    owed: deque[Command] = deque([Append(RunStarted(run=run, term=1, driver="d")), *state.start(1, AGENTS)])
    for agent in AGENTS:
        owed += state.handle(AgentAttached(agent, 1, rng.randint(1, 3)))
    held: list[Task] = []
    begun: set[tuple[str, int]] = set()

    def put(event: Event) -> Event:
        seq = next(seqs)
        event = event.model_copy(update={"seq": seq, "at": 1000.0 + seq})
        owed.extend(state.handle(event))
        return event

    accepted = RunAccepted(run=run, name="plan", items=len(plan), digest="digest", model="scripted")
    yield put(accepted), state
    for row in taken_over:
        seq = next(seqs)
        yield row.model_copy(update={"seq": seq, "at": 1000.0 + seq}), state
    while not state.finished:
        if rng.random() < wishes:
            yield put(rng.choice(_wishes(plan, run))), state
        elif owed and (not held or rng.random() < 0.7):
            match owed.popleft():
                case Append(event):
                    yield put(event), state
                case Submit(_, task):
                    held.append(task)
                case Cancel(_, item, epoch):
                    held = [task for task in held if (task.item.id, task.epoch) != (item, epoch)]
                    if state.views[item].state is ItemState.ACTIVE and state.views[item].epoch == epoch:
                        view = state.views[item]
                        yield put(closed(item, GONE, run, epoch, view.attempts + 1, view.agent)), state
        elif held:
            yield put(_step(held, begun, state, rng)), state
        else:
            yield put(ContinueRequested(run=run)), state


def _wishes(plan: tuple[Item, ...], run: str) -> list[Event]:
    cancels = [CancelRequested(run=run, target=target) for target in (plan[0].id, plan[-1].id, None)]
    return [PauseRequested(run=run), ContinueRequested(run=run), *cancels]


def _step(held: list[Task], begun: set[tuple[str, int]], state: RunState, rng: random.Random) -> Event:
    task = rng.choice(held)
    key, agent = (task.item.id, task.epoch), state.views[task.item.id].agent
    if key not in begun and rng.random() < 0.5:
        begun.add(key)
        return ItemStarted(run=task.run, item=task.item.id, epoch=task.epoch, agent=agent, generation=1)
    if key in begun and rng.random() < 0.3:
        return _turn(task, len(state.views[task.item.id].turns), agent, rng)
    held.remove(task)
    outcome = rng.choices(list(OUTCOMES), list(OUTCOMES.values()))[0]
    return closed(task.item.id, outcome, task.run, task.epoch, task.attempt, agent, started=key in begun)


def _turn(task: Task, done: int, agent: str, rng: random.Random) -> Event:
    who = {"run": task.run, "item": task.item.id, "epoch": task.epoch, "agent": agent}
    if done and rng.random() < 0.5:
        ran = {"turn": done, "call": 1, "tool": "read", "result": Content(text="x")}
        return ToolDone.model_validate({**who, **ran})
    said = {"turn": done + 1, "said": Content(text="{}"), "model": "scripted", "cost_usd": 0.001}
    return TurnDone.model_validate({**who, **said, "usage": Usage(input_tokens=7)})


def closed(
    item: str,
    outcome: Outcome,
    run: str = "r",
    epoch: int = 1,
    attempt: int = 1,
    agent: str = next(iter(AGENTS)),
    *,
    started: bool = True,
) -> ItemClosed:
    """The end of an attempt."""
    return ItemClosed(
        run=run, item=item, epoch=epoch, attempt=attempt, agent=agent, generation=1, started=started, outcome=outcome
    )


def reuse(item: str, run: str = "r", origin: str = "older", outcome: Result = GOOD) -> ItemReused:
    """An item that is complete from the start."""
    return ItemReused(run=run, item=item, origin=origin, outcome=outcome)


def beginnings(plan: Iterable[Item], rng: random.Random) -> tuple[str, ...]:
    """Ids of some items with all that they depend on, dependencies first, as an earlier run could have left them."""
    found: list[str] = []
    for item in plan:  # dependencies are in front of it
        if set(item.dependencies) <= set(found) and rng.random() < 0.6:
            found.append(item.id)
    return tuple(found)


async def accept(
    store: GroupStore, plan: tuple[Item, ...], run: str = "r", key: str | None = None, name: str = "plan"
) -> RunRecord:
    """The run on disk, claimed, so that events of term 1 may follow."""
    made = await store.accept(Accept(run, key, name, "digest", "scripted", plan, {}))
    await store.claim(run, "d")
    return made


async def write(store: GroupStore, *events: Event, id_: str | None = None) -> None:
    """Events on disk; every one is taken."""
    receipt = await store.append(id_ or f"{events[0].model_dump_json()}", events)
    assert None not in receipt.seqs


async def write_run(
    home: Path, plan: tuple[Item, ...], rng: random.Random, run: str = "r", key: str | None = None
) -> None:
    """A whole random run in the home's store; the store is closed again."""
    store = GroupStore(home / "store.db")
    await accept(store, plan, run, key)
    rows = [event for event, _ in legal(plan, rng, run) if event.type != "run_accepted"]
    await write(store, *rows, id_=run)
    await store.close()


def assigned(item: str, epoch: int = 1, attempt: int = 1, agent: str = "executor-0") -> ItemAssigned:
    """An attempt is opened."""
    return ItemAssigned(run="r", item=item, epoch=epoch, attempt=attempt, agent=agent, model="scripted", term=1)


def began(item: str, epoch: int = 1, at: float = 0.0) -> ItemStarted:
    """The agent works on it."""
    return ItemStarted(run="r", item=item, epoch=epoch, agent="executor-0", generation=1, at=at)


def failed(item: str, message: str = "the real message") -> ItemFailed:
    """The item ended without a result."""
    return ItemFailed(run="r", item=item, attempts=1, reason=FailureKind.REFUSAL, message=message, term=1)


def ended(view: RunView) -> RunFinished:
    """The end of a run that is not all complete."""
    return RunFinished(run="r", term=1, status=RunStatus.COMPLETED_WITH_FAILURES, counts=view.items.counts)


def view_of(plan: tuple[Item, ...], *events: Event) -> RunView:
    """What a person sees after these events."""
    view = RunView(plan, record(plan))
    for event in events:
        view.apply(event)
    return view

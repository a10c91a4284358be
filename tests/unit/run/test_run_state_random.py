"""Random runs against the run state's invariants: outcomes, requests and drivers that die between any two facts."""

import random
from collections.abc import Mapping

from hypothesis import given, settings
from hypothesis import strategies as st

from actors.events import (
    AgentFailed,
    CancelRequested,
    ContinueRequested,
    Event,
    ItemAssigned,
    ItemCancelled,
    ItemClosed,
    ItemFailed,
    ItemQuarantined,
    ItemReused,
    ItemSkipped,
    ItemStarted,
    ModelAvailable,
    ModelUnavailable,
    PauseRequested,
    RunStarted,
)
from actors.vocabulary.failures import ATTEMPTS, is_charged
from actors.work import TERMINAL, Failure, FailureKind, ItemState, Lost, Outcome, Result, Role, RunStatus, Task
from cluster.run.commands import AgentAttached, Append, Cancel, Command, Submit
from cluster.run.graph import WorkGraph
from cluster.run.state import RunState
from tests.support.fakes import check
from tests.support.histories import beginnings, reuse
from tests.support.runs import BAD, GONE, GOOD, closed, graph

OUTCOMES: dict[Outcome, int] = {
    GOOD: 12,
    BAD: 1,
    GONE: 2,
    Failure(reason=FailureKind.AGENT_FAULT, message="boom"): 2,
    Failure(reason=FailureKind.TRANSIENT, message="reset"): 2,
    Failure(reason=FailureKind.NO_MODEL, message="none"): 1,
    Failure(reason=FailureKind.QUOTA, message="spent"): 1,
}
"""What attempts end with, and how often."""

AGENTS = {"a": Role.EXECUTOR, "b": Role.EXECUTOR, "c": Role.REVIEWER}


@st.composite
def plans(draw: st.DrawFn) -> WorkGraph:
    size = draw(st.integers(1, 12))
    edges = {i: draw(st.sets(st.integers(0, i - 1), max_size=3)) if i else set() for i in range(size)}
    roles = draw(st.lists(st.sampled_from(sorted(set(AGENTS.values()))), min_size=size, max_size=size))
    told = graph(**{f"i{i}": [f"i{d}" for d in sorted(deps)] for i, deps in edges.items()})
    return WorkGraph(tuple(i.model_copy(update={"agent": r}) for i, r in zip(told.items, roles, strict=True)))


Guilty = Mapping[tuple[str, int], str]


class World:
    """A run from its journal to its end: drivers that die between any two facts, agents that die in every way."""

    def __init__(self, work: WorkGraph, rng: random.Random) -> None:
        self.work, self.rng = work, rng
        self.journal: list[Event] = [reuse(id_) for id_ in (beginnings(work.items, rng) if rng.random() < 0.5 else ())]
        self.poison = {id_ for id_ in work.by_id if rng.random() < 0.1}
        """These end their agent whenever they are worked on."""
        self.running: dict[str, list[Task]] = {agent: [] for agent in AGENTS}
        self.begun: set[tuple[str, int]] = set()
        self.term = 0
        self.generation = dict.fromkeys(AGENTS, 1)
        self.failed: set[str] = set()
        self.shut = False
        self.new_driver()

    def take(self, event: Event) -> None:
        """One commit: nothing happens to an attempt that is closed."""
        if isinstance(event, ItemClosed | ItemStarted):
            view = self.state.views[event.item]
            if view.state is not ItemState.ACTIVE or view.epoch != event.epoch:
                return
        self.journal.append(event)
        self.owed += self.state.handle(event)

    def new_driver(self) -> None:
        self.term += 1
        self.state = RunState("r", self.work, "scripted")
        self.journal.append(RunStarted(run="r", term=self.term, driver="d"))
        self.state.replay(self.journal)
        check(self.state)
        self.owed: list[Command] = self.state.start(self.term, AGENTS)
        for agent in self.running.keys() - self.failed:
            self.attach(agent)

    def attach(self, agent: str, *, explained: bool = True, guilty: Guilty | None = None) -> None:
        self.owed = [c for c in self.owed if not (isinstance(c, Submit) and c.agent == agent)]  # its link forgets them
        held = frozenset((task.item.id, task.epoch) for task in self.running[agent])
        slots = self.rng.randint(1, 4)
        back = AgentAttached(agent, self.generation[agent], slots, held, explained, guilty or {})
        self.owed += self.state.handle(back)

    def step(self) -> None:
        dice = self.rng.random()
        busy = [agent for agent, tasks in self.running.items() if tasks]
        if dice < 0.05:
            self.new_driver()
        elif dice < 0.1:
            self.wish()
        elif dice < 0.2 or not (self.owed or busy):
            self.mend()
        elif dice < 0.24:
            self.break_something()
        elif self.owed and (dice < 0.6 or not busy):
            self.carry_out(self.owed.pop(0))
        else:
            self.work_on(self.rng.choice(busy))

    def wish(self) -> None:
        target = self.rng.choice([None, *self.work.by_id]) if self.rng.random() < 0.3 else self.any_item()
        self.take(CancelRequested(run="r", target=target) if self.rng.random() < 0.5 else PauseRequested(run="r"))

    def any_item(self) -> str:
        return self.rng.choice(list(self.work.by_id))

    def mend(self) -> None:
        """Nothing can happen by itself, or nobody waits for that."""
        stuck = not (self.owed or any(self.running.values()))
        halted = self.state.status in (RunStatus.PAUSED, RunStatus.WAITING)
        assert halted or not stuck or self.failed or self.shut, f"stuck: {self.state.tally()}"
        self.take(ContinueRequested(run="r"))
        if self.shut:
            self.shut = False
            self.take(ModelAvailable(model="scripted", probe=self.rng.random() < 0.7))
        for agent in sorted(self.failed):
            self.failed.discard(agent)
            self.generation[agent] += 1
            self.attach(agent)

    def break_something(self) -> None:
        agent = self.rng.choice(list(AGENTS))
        if self.rng.random() < 0.3:
            self.shut = True
            self.take(ModelUnavailable(model="scripted", reason="down"))
        elif agent not in self.failed:
            self.end(agent, explained=self.rng.choice((True, False)))

    def end(self, agent: str, *, explained: bool, guilty: Guilty | None = None) -> None:
        self.running[agent].clear()
        if self.rng.random() < 0.2:
            self.failed.add(agent)
            self.take(AgentFailed(agent=agent, reason="too often"))
            return
        self.generation[agent] += 1
        self.attach(agent, explained=explained, guilty=guilty)

    def carry_out(self, command: Command) -> None:
        match command:
            case Submit(agent, task):
                if agent not in self.failed and not (task.alone and self.running[agent]):
                    self.running[agent].append(task)
                elif agent not in self.failed:
                    self.owed.append(command)  # it waits in the agent's queue
            case Append(event):
                self.take(event)
            case Cancel(agent, item, epoch):
                for task in [t for t in self.running[agent] if (t.item.id, t.epoch) == (item, epoch)]:
                    self.running[agent].remove(task)
                    self.take(closed(task, GONE))

    def work_on(self, agent: str) -> None:
        tasks = self.running[agent]
        task = self.rng.choice(tasks)
        key = (task.item.id, task.epoch)
        if key not in self.begun and (task.alone or self.rng.random() < 0.5):
            self.begun.add(key)
            self.take(ItemStarted(run="r", item=task.item.id, epoch=task.epoch, agent=agent, generation=1))
        elif task.item.id in self.poison:
            self.end(agent, explained=False)
        elif self.rng.random() < 0.05:
            self.end(agent, explained=True, guilty={key: "it would not stop"})
        else:
            tasks.remove(task)
            outcome = self.rng.choices(list(OUTCOMES), list(OUTCOMES.values()))[0]
            self.take(closed(task, outcome).model_copy(update={"agent": agent}))


def play(work: WorkGraph, rng: random.Random) -> tuple[list[Event], set[str]]:
    """The journal of a whole run, and its poison items."""
    world = World(work, rng)
    while not world.state.finished:
        world.step()
        check(world.state)
    return world.journal, world.poison


@settings(max_examples=300)
@given(plans(), st.integers())
def test_every_item_ends_once_whatever_dies(work: WorkGraph, seed: int) -> None:
    journal, poison = play(work, random.Random(seed))
    suspected: dict[str, list[bool]] = {}
    alone: dict[str, bool] = {}
    charged: dict[str, int] = {}
    epochs: dict[str, int] = {}
    results: set[str] = set()
    ended: set[str] = set()
    for event in journal:
        match event:
            case ItemAssigned(item=item, epoch=epoch):
                assert item not in ended
                assert AGENTS[event.agent] is work.by_id[item].agent
                assert set(work.by_id[item].dependencies) <= results, "an item started before its dependencies"
                assert epoch == epochs.get(item, 0) + 1
                assert event.attempt == charged.get(item, 0) + 1
                assert event.alone is bool(suspected.get(item))
                epochs[item], alone[item] = epoch, event.alone
            case ItemReused(item=item):
                assert event.item not in epochs
                results.add(item)
                ended.add(item)
            case ItemClosed(item=item, outcome=Result()):
                assert item not in ended
                results.add(item)
                ended.add(item)
            case ItemClosed(item=item, outcome=Failure(reason=reason)):
                charged[item] = charged.get(item, 0) + is_charged(reason)
                assert charged[item] <= ATTEMPTS
                if is_charged(reason) and alone[item]:
                    suspected[item] = []
            case ItemClosed(item=item, outcome=Lost(suspect=True)):
                suspected.setdefault(item, []).append(alone[item])
            case ItemQuarantined(item=item):
                assert item not in ended
                assert suspected[item][-1], "it was alone"
                assert len(suspected[item]) > 1, "and not the first that was lost so"
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
    allowed = {ItemState.QUARANTINED, ItemState.CANCELLED, ItemState.SKIPPED}
    worked_on = poison & epochs.keys()
    assert {replayed.views[id_].state for id_ in worked_on} <= allowed, "what ends every agent has no result"
    assert replayed.counts[ItemState.COMPLETE] == len(results)

"""The cap of a run over random histories: agents and drivers that die with calls in flight, calls that are dear."""

import re
from collections import Counter, defaultdict
from collections.abc import Mapping
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from actors.events import (
    ContinueRequested,
    Event,
    ItemAssigned,
    ItemClosed,
    ItemStarted,
    RunAccepted,
    RunPaused,
    RunStarted,
)
from actors.spending.budget import Budget
from actors.work import (
    FINISHED,
    Content,
    Failure,
    FailureKind,
    Item,
    Outcome,
    Reservation,
    Result,
    RunStatus,
    Task,
    Usage,
)
from cluster.cli import budgets
from cluster.run.commands import AgentAttached, Append, Command, Submit
from cluster.run.graph import WorkGraph
from cluster.run.state import RunState
from tests.support.fakes import check
from tests.support.runs import executors

MODEL = "claude-sonnet-5-5"
AGENTS = ("a", "b")
NOBODY: Mapping[tuple[str, int], str] = {}
COMMAND = re.compile(r"mnemosyne continue r (--item (?P<item>i\d+) )?--budget (?P<caps>[a-z0-9.=,]+)")


class World:
    """One run with a budget. `paid` is what the API bills, which nobody here sees unless it is told."""

    def __init__(self, seed: int, caps: Budget) -> None:
        self.rng = Random(seed)
        items = [
            Item(
                id=f"i{n}",
                description="x" * self.rng.randint(1, 5000),
                max_tokens=self.rng.choice((50, 500, 4000)),
                dependencies=tuple({f"i{self.rng.randrange(n)}"}) if n and self.rng.random() < 0.3 else (),
                budget=self.rng.choice((None, None, Budget(usd=0.01), Budget(tokens=3000))),
            )
            for n in range(self.rng.randint(1, 14))
        ]
        self.work, self.caps = WorkGraph(tuple(items)), caps
        self.journal: list[Event] = [
            RunAccepted(run="r", name="p", items=len(items), digest="d", model=MODEL, budget=caps or None)
        ]
        self.turns = {item.id: self.rng.choice((1, 1, 1, 3)) for item in items}
        """Calls that an item still takes; a finished one is not made again."""
        self.item_caps = {item.id: item.budget or Budget() for item in items}
        self.paid_usd, self.paid_tokens, self.term = defaultdict[str, float](float), Counter[str](), 0
        """By item, and of the run under "r"."""
        self.running: list[tuple[str, Task]] = []
        self.generation = dict.fromkeys(AGENTS, 1)
        self.new_driver()

    def new_driver(self) -> None:
        """The one before is gone with all that it had not written."""
        self.term += 1
        self.state = RunState("r", self.work, MODEL)
        self.journal.append(RunStarted(run="r", term=self.term, driver="d"))
        self.state.replay(self.journal)
        self.owed: list[Command] = self.state.start(self.term, executors(*AGENTS))
        for agent in AGENTS:
            self.attach(agent)

    def attach(self, agent: str, guilty: Mapping[tuple[str, int], str] = NOBODY) -> None:
        self.owed = [c for c in self.owed if not (isinstance(c, Submit) and c.agent == agent)]
        held = frozenset((task.item.id, task.epoch) for of, task in self.running if of == agent)
        self.owed += self.state.handle(AgentAttached(agent, self.generation[agent], 4, held, guilty=guilty))

    def take(self, event: Event) -> None:
        """A commit; an attempt that is closed is closed."""
        if isinstance(event, ItemClosed | ItemStarted) and self.state.views[event.item].epoch != event.epoch:
            return
        if isinstance(event, ItemClosed) and self.state.views[event.item].state.value != "active":
            return
        self.journal.append(event)
        self.owed += self.state.handle(event)
        check(self.state)

    def step(self) -> None:
        dice = self.rng.random()
        if dice < 0.03:
            self.new_driver()
        elif dice < 0.08:
            self.kill(self.rng.choice(AGENTS))
        elif self.owed and (dice < 0.6 or not self.running):
            match self.owed.pop(0):
                case Append(event):
                    self.take(event)
                case Submit(agent, task):
                    self.running.append((agent, task))
        elif self.running:
            agent, task = self.running.pop(self.rng.randrange(len(self.running)))
            self.take(self.closing(agent, task, self.work_on(task)))

    def kill(self, agent: str) -> None:
        """In the middle of calls; whether they are billed, and for how much, nobody will know.

        Now and then it was ended for one that was over its time.
        """
        late = [(task.item.id, task.epoch) for of, task in self.running if of == agent and self.rng.random() < 0.2]
        for of, task in [one for one in self.running if one[0] == agent]:
            self.running.remove((of, task))
            if self.rng.random() < 0.7:
                self.call(task, 0.0, 0)
        self.generation[agent] += 1
        self.attach(agent, dict.fromkeys(late, "late"))

    def call(self, task: Task, used_usd: float, used_tokens: int) -> tuple[Usage, float] | Reservation:
        """One call, if the allowance has room for the most that it may take."""
        tokens, longest = 100 + len(task.item.description) // 3, task.item.max_tokens or 0
        most = Reservation(usd=(tokens * 2 + 10 * longest) / 1e6, tokens=tokens + longest)
        allowed = task.allowance
        allowed = allowed or Reservation()
        assert most.usd is not None
        assert most.tokens is not None
        if allowed.usd is not None and used_usd + most.usd > allowed.usd * (1 + 1e-9):
            return most
        if allowed.tokens is not None and used_tokens + most.tokens > allowed.tokens:
            return most
        usage = Usage(input_tokens=self.rng.randint(1, tokens), output_tokens=self.rng.randint(1, longest))
        usd = (usage.input_tokens * 2 + usage.output_tokens * 10) / 1e6
        for whose in ("r", task.item.id):
            self.paid_usd[whose] += usd
            self.paid_tokens[whose] += usage.total
        return usage, usd

    def work_on(self, task: Task) -> Outcome:
        usage, usd = Usage(), 0.0
        while True:
            called = self.call(task, usd, usage.total)
            if isinstance(called, Reservation):
                return Failure(
                    reason=FailureKind.BUDGET, message="dear", model=MODEL, usage=usage, cost_usd=usd, needs=called
                )
            usage, usd = usage + called[0], usd + called[1]
            self.turns[task.item.id] -= 1
            if self.rng.random() < 0.05:
                return Failure(reason=FailureKind.TRANSIENT, message="reset", usage=usage, cost_usd=usd)
            if self.turns[task.item.id] <= 0:
                return Result(data=Content(text="done"), model=MODEL, usage=usage, cost_usd=usd)

    def closing(self, agent: str, task: Task, outcome: Outcome) -> ItemClosed:
        return ItemClosed(
            run="r",
            item=task.item.id,
            epoch=task.epoch,
            attempt=task.attempt,
            agent=agent,
            generation=self.generation[agent],
            outcome=outcome,
        )

    def check(self) -> None:
        for whose, caps in [*self.item_caps.items(), ("r", self.caps)]:
            assert caps.usd is None or self.paid_usd[whose] <= caps.usd + 1e-12
            assert caps.tokens is None or self.paid_tokens[whose] <= caps.tokens

    def widen(self, reason: str) -> None:
        """Do as the reason says."""
        for command in COMMAND.finditer(reason):
            item, caps = command["item"], budgets.parse(command["caps"])
            if item is None:
                self.caps = self.caps.changed(caps)
            else:
                self.item_caps[item] = self.item_caps[item].changed(caps)
            self.take(ContinueRequested(run="r", budget=caps, target=item))

    @property
    def halted(self) -> bool:
        return self.state.status is RunStatus.PAUSED and not self.running and not self.owed


caps = st.one_of(
    st.builds(Budget, usd=st.sampled_from([0.0, 0.001, 0.02, 0.1, 1.0]), tokens=st.none()),
    st.builds(Budget, usd=st.none(), tokens=st.sampled_from([0, 100, 5000, 50_000, 10**6])),
    st.builds(Budget, usd=st.sampled_from([0.02, 0.1]), tokens=st.sampled_from([5000, 50_000])),
)


@settings(max_examples=200)
@given(st.integers(0, 2**32), st.one_of(st.just(Budget()), caps))
def test_the_cap_is_never_passed_and_with_a_wider_one_the_run_ends(seed: int, budget: Budget) -> None:
    world = World(seed, budget)
    for _ in range(3000):
        if world.state.status in FINISHED:
            break
        if world.halted:
            pauses = [event for event in world.journal if isinstance(event, RunPaused)]
            assert pauses[-1].reason.startswith("budget: ")
            world.widen(pauses[-1].reason)
        world.step()
        world.check()
    assert world.state.status in FINISHED


@settings(max_examples=50)
@given(st.integers(0, 2**32), caps)
def test_the_next_driver_counts_as_the_one_before(seed: int, budget: Budget) -> None:
    world = World(seed, budget)
    for _ in range(150):
        if world.state.status not in FINISHED:
            world.step()
    one = world.state._placement.budget
    again = RunState("r", world.work, MODEL)
    again.replay(world.journal)
    other = again._placement.budget
    assert {**one._accounts} == {**other._accounts}
    opened = {event.item for event in world.journal if isinstance(event, ItemAssigned)}
    active = {id_ for id_ in opened if again.views[id_].state.value == "active"}
    assert active == set(other._open)

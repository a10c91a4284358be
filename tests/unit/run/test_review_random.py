"""Random runs of items that are reviewed, approved and asked about: they end, once, whatever dies and is said."""

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from actors.events import (
    DRIVER_TYPES,
    AgentFailed,
    ApprovalRequested,
    CancelRequested,
    Event,
    ItemAccepted,
    ItemAssigned,
    ItemClosed,
    RunStarted,
)
from actors.journal.people import AnswerGiven, ApprovalDenied, ApprovalGranted
from actors.vocabulary.review import Consolidated, Exhausted, Purpose, Questions, Verdict
from actors.work import TERMINAL, Failure, FailureKind, Item, ItemState, Outcome, Result, Role, RunStatus, Task
from cluster.run.commands import AgentAttached, Append, Cancel, Command, Submit
from cluster.run.graph import WorkGraph
from cluster.run.state import RunState
from tests.support.fakes import check
from tests.support.reviews import CONSOLIDATED, QUESTIONS, REQUIREMENTS, reviewed, verdict
from tests.support.runs import GONE, GOOD, closed

AGENTS = {"e": Role.EXECUTOR, "r": Role.REVIEWER, "o": Role.OPTIMIZER}
INVALID = Failure(reason=FailureKind.INVALID_ANSWER, message="no verdict")


@st.composite
def plans(draw: st.DrawFn) -> WorkGraph:
    items: list[Item] = []
    for number in range(draw(st.integers(1, 6))):
        before = draw(st.sets(st.sampled_from([item.id for item in items]), max_size=2)) if items else set()
        fields = {
            "dependencies": tuple(sorted(before)),
            "approve": draw(st.booleans()),
            "clarify": draw(st.booleans()),
            "extract": draw(st.booleans()),
        }
        bound, ends = draw(st.integers(1, 4)), draw(st.sampled_from(Exhausted))
        item = reviewed(f"i{number}", bound, ends, **fields)
        items.append(item if draw(st.booleans()) else item.model_copy(update={"review": None, "extract": False}))
    return WorkGraph(tuple(items))


class World:
    """One run; its driver and its agents die between any two facts."""

    def __init__(self, work: WorkGraph, rng: random.Random) -> None:
        self.work, self.rng, self.journal, self.term = work, rng, list[Event](), 0
        self.held: list[tuple[str, Task]] = []
        self.owed: list[Command] = []
        self.new_driver()

    def new_driver(self) -> None:
        self.term += 1
        self.state = RunState("r", self.work, "scripted")
        self.journal.append(RunStarted(run="r", term=self.term, driver="d"))
        self.state.replay(self.journal)
        self.owed = list(self.state.start(self.term, AGENTS))
        for agent in AGENTS:
            self.attach(agent)

    def attach(self, agent: str) -> None:
        self.owed = [one for one in self.owed if not (isinstance(one, Submit) and one.agent == agent)]
        mine = frozenset((task.item.id, task.epoch) for of, task in self.held if of == agent)
        self.owed += self.state.handle(AgentAttached(agent, 1, 3, mine))

    def take(self, event: Event) -> None:
        """What the store would do: nothing happens to an attempt that is closed; a driver says nothing it refuses."""
        item = event.__dict__.get("item")
        if isinstance(event, ItemClosed):
            view = self.state.views[event.item]
            if view.state is not ItemState.ACTIVE or view.epoch != event.epoch:
                return
        elif event.type in DRIVER_TYPES and item:
            assert self.state.views[item].state not in TERMINAL, f"the store refuses {event}"
        self.journal.append(event)
        self.owed += self.state.handle(event)

    def step(self) -> None:
        dice = self.rng.random()
        if dice < 0.05:
            self.new_driver()
        elif dice < 0.1:
            agent = self.rng.choice(list(AGENTS))
            self.held = [one for one in self.held if one[0] != agent]
            self.attach(agent)
        elif dice < 0.12:
            self.give_up("o")
        elif dice < 0.3 or not (self.owed or self.held):
            self.speak()
        elif self.owed and (dice < 0.65 or not self.held):
            self.carry_out(self.owed.pop(0))
        elif self.held:
            self.end(*self.held.pop(self.rng.randrange(len(self.held))))

    def give_up(self, agent: str) -> None:
        """It was restarted too often; nobody resets it before the next driver does."""
        self.held = [one for one in self.held if one[0] != agent]
        self.owed = [one for one in self.owed if not (isinstance(one, Submit) and one.agent == agent)]
        self.owed += self.state.handle(AgentFailed(agent=agent, reason="restarted too often"))

    def carry_out(self, command: Command) -> None:
        match command:
            case Append(event):
                self.take(event)
            case Submit(agent, task):
                self.held.append((agent, task))
            case Cancel(agent, item, epoch):
                for of, task in [one for one in self.held if one[0] == agent]:
                    if (task.item.id, task.epoch) == (item, epoch):
                        self.held.remove((of, task))
                        self.take(closed(task, GONE).model_copy(update={"agent": agent}))

    def end(self, agent: str, task: Task) -> None:
        outcome = self.outcome(task)
        pending = isinstance(outcome, Result) and task.item.review is not None
        self.take(closed(task, outcome).model_copy(update={"agent": agent, "pending": pending}))

    def outcome(self, task: Task) -> Outcome:
        if self.rng.random() < 0.15:
            return self.rng.choice((GONE, INVALID))
        match task.purpose:
            case Purpose.EXTRACT:
                return REQUIREMENTS
            case Purpose.CONSOLIDATE:
                return CONSOLIDATED.model_copy(update={"reviews": len(task.feedback)})
            case Purpose.REVIEW:
                return verdict(passed=self.rng.random() < 0.4, requirements=task.requirements)
        asks = task.item.clarify and len(task.answers) < 2 and self.rng.random() < 0.3
        return QUESTIONS if asks else GOOD

    def speak(self) -> None:
        """Words to open questions, to closed ones, and to none; now and then beside a cancel."""
        item = self.rng.choice(list(self.work.by_id))
        if self.rng.random() < 0.05:
            self.take(CancelRequested(run="r", target=item))
        epoch = max(0, self.state.views[item].epoch - self.rng.choice((0, 0, 0, 1)))
        told = {"run": "r", "target": item, "epoch": epoch}
        words = (
            AnswerGiven.model_validate({**told, "text": "blue"}),
            ApprovalGranted.model_validate(told),
            ApprovalDenied.model_validate(told),
        )
        self.take(self.rng.choice(words))


@settings(max_examples=150)
@given(plans(), st.integers())
def test_a_run_with_reviews_and_people_ends_and_every_item_once(work: WorkGraph, seed: int) -> None:
    world = World(work, random.Random(seed))
    for _ in range(20_000):
        if world.state.finished:
            break
        world.step()
        check(world.state)
        assert not (world.state.idle and world.state.status is RunStatus.PAUSED)
    assert world.state.finished, f"it does not end: {world.state.tally()}"
    assert sum(world.state.tally()[state.value] for state in TERMINAL) == len(work.items)
    _judge(work, world.journal)
    replayed = RunState("r", work, "scripted")
    replayed.replay(world.journal)
    assert replayed.tally() == world.state.tally()


def _judge(work: WorkGraph, journal: list[Event]) -> None:
    """What reviews and people promise, by the events alone."""
    sent_back: dict[str, int] = {}
    newest: dict[str, Verdict | None] = {}
    asked: dict[str, int] = {}
    approved: set[tuple[str, int]] = set()
    purposes: dict[tuple[str, int], Purpose] = {}
    paid: set[tuple[str, int]] = set()
    for event in journal:
        match event:
            case ItemAssigned(item=item):
                purposes[item, event.epoch] = event.purpose
                assert not work.by_id[item].approve or (item, 0) in approved, "it began without approval"
            case ApprovalGranted(target=item, epoch=epoch):
                approved.add((item, epoch))
            case ItemClosed(item=item, outcome=Verdict() as outcome):
                assert purposes[item, event.epoch] is Purpose.REVIEW
                newest[item] = outcome
                sent_back[item] = sent_back.get(item, 0) + (not outcome.judgement.passed)
            case ItemClosed(item=item, outcome=Consolidated() as outcome):
                assert purposes[item, event.epoch] is Purpose.CONSOLIDATE
                assert (item, outcome.reviews) not in paid, "the same reviews were made one text twice"
                assert outcome.reviews == sent_back[item] > 1
                paid.add((item, outcome.reviews))
            case ItemClosed(item=item, outcome=Result()):
                assert event.pending is (work.by_id[item].review is not None)
                newest[item] = None
            case ItemClosed(item=item, outcome=Questions()):
                assert work.by_id[item].clarify
            case ApprovalRequested(item=item):
                asked[item] = event.epoch
            case ItemAccepted(item=item):
                review, found = work.by_id[item].review, newest[item]
                assert review is not None
                assert event.passed is bool(found and found.judgement.passed), "no pass without a verdict"
                if not event.passed:
                    assert review.on_exhausted is Exhausted.ACCEPT or (item, asked[item]) in approved
    for item, count in sent_back.items():
        review = work.by_id[item].review
        assert review is not None
        assert count <= review.max_attempts

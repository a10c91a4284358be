"""A run whose store, driver and agents are apart: each hears later, or never, of what the others have done.

Everything that a plan can have, small budgets, people who speak and cancel, processes that die. The store is strict.
"""

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from random import Random
from typing import Any

from actors.events import (
    DRIVER_TYPES,
    AgentFailed,
    CancelRequested,
    ContinueRequested,
    Event,
    ItemAssigned,
    ItemsAdded,
    ItemStarted,
    PauseRequested,
    RunAccepted,
    RunPaused,
    RunStarted,
    TurnDone,
)
from actors.journal.fleet import FleetBudgetSet
from actors.journal.people import AnswerGiven, ApprovalDenied, ApprovalGranted
from actors.journal.recorded import ENDS
from actors.spending.account import Account
from actors.spending.budget import Budget
from actors.stores.attempt import Attempt
from actors.stores.memory_budget import MemoryBudget
from actors.vocabulary.limits import Limits
from actors.vocabulary.review import Questions
from actors.work import Content, Grows, Item, ItemState, Lost, Outcome, Reservation, Result, Role, Task
from cluster.run.commands import (
    AgentAttached,
    Append,
    Cancel,
    Command,
    Fetch,
    Fetched,
    FleetAccount,
    Stimulus,
    Submit,
    Unaffordable,
)
from cluster.run.graph import WorkGraph
from cluster.run.state import RunState
from tests.support.everything import outcome, plan, turn_of
from tests.support.fakes import check
from tests.support.runs import closed

AGENTS = {
    "e0": Role.EXECUTOR,
    "e1": Role.EXECUTOR,
    "r": Role.REVIEWER,
    "o": Role.OPTIMIZER,
    "h": Role.ORCHESTRATOR,
}
MODEL = "claude-sonnet-5-5"
AMPLE = Budget(usd=1000.0, tokens=10**9)
UNUSED = Reservation(usd=0.0, tokens=0)
NOBODY: Mapping[tuple[str, int], str] = {}


class Disk:
    """What the store does with what it is told."""

    def __init__(self, items: Iterable[Item]) -> None:
        self.journal, self.fleet, self.texts = list[Event](), MemoryBudget(), dict[str, str]()
        self.attempts = {item.id: Attempt() for item in items}

    def take(self, event: Event, texts: Mapping[str, str] | None = None) -> bool:
        """False: it may not happen to its item any more."""
        item = event.__dict__.get("item")
        if item and not self.attempts[item].swap(event):
            return False
        if isinstance(event, ItemsAdded):
            self.attempts.update((one.id, Attempt()) for one in event.items)
        self.fleet.note("r", event)
        self.texts.update(texts or {})
        self.journal.append(event)
        return True


class Late:
    """One run, from its acceptance on."""

    def __init__(self, seed: int) -> None:
        self.rng = rng = Random(seed)
        self.items = plan(rng)
        self.disk = Disk(self.items)
        budget = rng.choice((None, None, Budget(usd=0.05), Budget(tokens=20_000)))
        limits = Limits(items=rng.choice((3, 30)), fan_out=rng.choice((2, 10)), depth=rng.choice((0, 1, 2)))
        accepted = RunAccepted(run="r", name="p", items=len(self.items), digest="d", model=MODEL, budget=budget)
        self.disk.take(accepted.model_copy(update={"limits": limits}))
        self.disk.take(FleetBudgetSet(budget=rng.choice((None, Budget(tokens=9000), Budget(tokens=30_000)))))
        self.generation, self.failed, self.term = dict.fromkeys(AGENTS, 1), set[str](), 0
        self.held, self.begun = list[tuple[str, Task]](), set[tuple[str, int]]()
        self.new_driver()

    def new_driver(self) -> None:
        """The one before is gone with all that it had not written or read."""
        self.term += 1
        self.own, self.others = deque[Stimulus](), deque[Stimulus]()  # what it will hear: of itself, and of everybody
        self.appends, self.owed = deque[Append](), deque[Command]()
        self.state = RunState("r", WorkGraph(self.items), MODEL)
        self.state.replay(self.disk.journal)
        if self.state.finished:
            return
        self.say(RunStarted(run="r", term=self.term, driver="d"))
        self.hear(self.others.popleft())
        self._owe(self.state.start(self.term, AGENTS))
        for agent in AGENTS.keys() - self.failed:
            self.attach(agent)

    def _owe(self, commands: Iterable[Command]) -> None:
        for command in commands:
            if isinstance(command, Append):
                self._check_pause(command.event)
                self.appends.append(command)
            else:
                self.owed.append(command)

    def _check_pause(self, event: Event) -> None:
        """For a budget: nothing that would free an item is on its way, and there is no room, as the store knows it."""
        if not (isinstance(event, RunPaused) and event.reason.startswith("budget")):
            return
        assert not any(one.event.type in ENDS for one in self.appends), "it is paused, and an end is on its way"
        budget, unread = self.state._placement.budget, any(isinstance(one, FleetBudgetSet) for one in self.others)
        if budget.fleet.exhausted and not unread:
            account = self.disk.fleet.account
            assert account, "it is paused for a budget that the fleet has not"
            assert account.never_has_room(budget.fleet._wanted or UNUSED), f"paused with room: {account.told()}"
        for item, full in budget._aside.items():
            accounts = [*map(budget._account, budget._whose(item)), self.disk.fleet.account or Account()]
            least = budget._reservations(item, self.state.results, accounts)[-1]
            assert not all(one.has_room(least) for one in accounts), f"{item} was set aside for {full}, with room"

    def hear(self, *stimuli: Stimulus) -> None:
        """The driver takes these in together."""
        self._owe(self.state.handle(*stimuli))
        check(self.state)

    def read_all(self) -> None:
        """The driver hears of all that is on disk."""
        while self.own or self.others:
            self.hear(*[queue.popleft() for queue in (self.own, self.others) if queue])

    def attach(self, agent: str, *, explained: bool = True, guilty: Mapping[tuple[str, int], str] = NOBODY) -> None:
        self.owed = deque(one for one in self.owed if not (isinstance(one, Submit | Cancel) and one.agent == agent))
        held = frozenset((task.item.id, task.epoch) for of, task in self.held if of == agent)
        slots = self.rng.randint(1, 3)
        self.hear(AgentAttached(agent, self.generation[agent], slots, held, explained, guilty))

    def say(self, event: Event) -> None:
        """What somebody else than the driver writes; it may come too late."""
        if self.disk.take(event):
            self.others.append(event)

    def append(self) -> None:
        """The driver's next fact; the store refuses none but an attempt that the fleet has no room for."""
        event, texts = self.appends.popleft()
        if self.disk.fleet.refuses(event):
            assert isinstance(event, ItemAssigned)
            self.own.append(Unaffordable(event))
            return
        taken = self.disk.take(event, texts)
        if event.type in DRIVER_TYPES:
            assert taken, f"the store refuses {event}"
            self.own.append(event)
        elif taken:
            self.others.append(event)

    @property
    def quiet(self) -> bool:
        """Whether nothing happens by itself any more."""
        under_way = self.own or self.others or self.owed or self.appends or self.held
        return not (under_way or self.state.wants_account)

    def step(self) -> None:
        """Anything that may happen next."""
        dice = self.rng.random()
        if dice < 0.015:
            self.new_driver()
        elif dice < 0.06:
            self.wish()
        elif dice < 0.085 and (alive := sorted(AGENTS.keys() - self.failed)):
            self.kill(self.rng.choice(alive))
        else:
            self.go_on()

    def go_on(self) -> None:
        """Whatever is under way, in any order."""
        ways: dict[str, tuple[object, Callable[[], None]]] = {
            "own": (self.own, lambda: self._read(self.own)),
            "others": (self.others, lambda: self._read(self.others)),
            "appends": (self.appends, self.append),
            "owed": (self.owed, lambda: self._carry_out(self.owed.popleft())),
            "held": (self.held, self._work),
            "account": (self.state.wants_account, lambda: self.hear(FleetAccount(self.disk.fleet.account))),
        }
        if there := [way for is_due, way in ways.values() if is_due]:
            self.rng.choice(there)()

    def _read(self, queue: deque[Stimulus]) -> None:
        self.hear(*[queue.popleft() for _ in range(self.rng.randint(1, len(queue)))])

    def _carry_out(self, command: Command) -> None:
        match command:
            case Submit(agent, task) if agent not in self.failed:
                if all((one.item.id, one.epoch) != (task.item.id, task.epoch) for _, one in self.held):
                    self.held.append((agent, task))
            case Cancel(agent, item, epoch):
                for of, task in [*self.held]:
                    if (of, task.item.id, task.epoch) == (agent, item, epoch):
                        self.held.remove((of, task))
                        self._close(agent, task, Lost(message="cancelled", reserved=UNUSED))
            case Fetch(item, contents):
                texts = (one.text if one.ref is None else self.disk.texts[one.ref] for one in contents)
                self.hear(Fetched(item, tuple(text or "" for text in texts)))

    def _work(self) -> None:
        """An agent begins with what it has, or ends it."""
        agent, task = self.rng.choice(self.held)
        attempt = task.item.id, task.epoch
        if attempt not in self.begun and (task.alone or self.rng.random() < 0.4):
            self.begun.add(attempt)
            self.say(ItemStarted(run="r", item=task.item.id, epoch=task.epoch, agent=agent, generation=1))
            return
        self.held.remove((agent, task))
        ended = outcome(task, self.rng)
        if isinstance(ended, Grows | Questions):
            turn: dict[str, Any] = {"turn": turn_of(task), "said": Content(text="{}"), "model": MODEL}
            self.say(TurnDone(run="r", item=task.item.id, epoch=task.epoch, agent=agent, **turn))
        self._close(agent, task, ended)

    def _close(self, agent: str, task: Task, ended: Outcome) -> None:
        pending = isinstance(ended, Result) and task.item.review is not None
        self.say(closed(task, ended, agent).model_copy(update={"pending": pending}))

    def kill(self, agent: str) -> None:
        """An agent's process dies: for good, for nobody knows what, or for an item that was over its time."""
        mine = [task for of, task in self.held if of == agent]
        self.held = [(of, task) for of, task in self.held if of != agent]
        if self.rng.random() < 0.15:
            self.failed.add(agent)
            self.say(AgentFailed(agent=agent, reason="often"))
            return
        self.generation[agent] += 1
        guilty = {(mine[0].item.id, mine[0].epoch): "late"} if mine and self.rng.random() < 0.3 else {}
        self.attach(agent, explained=self.rng.random() < 0.6, guilty=guilty)

    def wish(self) -> None:
        """Somebody wants something of the run, of the fleet or of an item."""
        dice = self.rng.random()
        if dice < 0.2:
            self.say(CancelRequested(run="r", target=self.rng.choice([*self.disk.attempts])))
        elif dice < 0.35:
            self.say(PauseRequested(run="r"))
        elif dice < 0.45:
            self.say(ContinueRequested(run="r"))
        elif dice < 0.55:
            caps = self.rng.choice((None, Budget(usd=0.05), Budget(tokens=9000)))
            self.say(FleetBudgetSet(budget=caps, anew=self.rng.random() < 0.3))
        else:
            self.speak(self.rng.choice([*self._blocked(), *self.disk.attempts]))

    def _blocked(self) -> list[str]:
        return [id_ for id_, view in self.state.views.items() if view.state is ItemState.BLOCKED]

    def speak(self, item: str) -> None:
        """A word to an open question, to a closed one or to none; now and then beside a cancel."""
        if self.rng.random() < 0.1:
            self.say(CancelRequested(run="r", target=item))
        epoch = max(0, self.disk.attempts[item].epoch - self.rng.choice((0, 0, 0, 1)))
        told: dict[str, Any] = {"run": "r", "target": item, "epoch": epoch}
        words = (AnswerGiven(**told, text="blue"), ApprovalGranted(**told), ApprovalDenied(**told))
        self.say(self.rng.choice(words))

    def mend(self) -> None:
        """People do what the run waits for: agents come back, questions are answered, budgets are ample."""
        for agent in sorted(self.failed):
            self.failed.discard(agent)
            self.generation[agent] += 1
            self.attach(agent)
        for item in self._blocked():
            self.speak(item)
        if self.disk.fleet.account is not None and self.rng.random() < 0.5:
            self.say(FleetBudgetSet(budget=None))
        if self.rng.random() < 0.7:
            capped = [id_ for id_, item in self.state.graph.by_id.items() if item.budget]
            for target in [*capped, None]:
                self.say(ContinueRequested(run="r", target=target, budget=AMPLE))
        else:
            self.say(ContinueRequested(run="r"))

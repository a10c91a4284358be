"""The budget of a fleet as runs, drivers and commands see it."""

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from actors.errors import UserError
from actors.events import Event, ItemAssigned, ItemClosed, RunPaused, RunResumed, RunWaiting
from actors.journal.fleet import FleetBudgetSet
from actors.spending.budget import Budget
from actors.stores.memory_budget import MemoryBudget
from actors.stores.protocol import Accept
from actors.work import FINISHED, Item, RunStatus, Task, Usage
from cluster.cli import fleet_budget
from cluster.cli.main import app
from cluster.driving.driver import Driver
from cluster.run.budget import RunBudget
from cluster.run.commands import AgentAttached, Append, Command, FleetAccount, Stimulus, Submit, Unaffordable
from cluster.run.graph import WorkGraph
from cluster.run.state import RunState
from tests.support.failing import Journal
from tests.support.fakes import BlockedModel, FakeModel, LocalAgent
from tests.support.runs import GOOD, closed, executors
from tests.unit.run.test_budget_random import COMMAND, World

ROOM = 300
"""Tokens of more than half an attempt of `items`, and less than one."""


def items(*names: str) -> tuple[Item, ...]:
    return tuple(Item(id=name, description=name, max_tokens=100) for name in names)


def drive(journal: Journal, run: str, agent: LocalAgent, *names: str) -> asyncio.Task[RunStatus]:
    async def driving() -> RunStatus:
        record = await journal.store.accept(Accept(run, None, run, "digest", "fake", items(*names), {}))
        return await Driver(record, journal.store, {agent.name: agent}, "d").drive()

    return asyncio.create_task(driving())


async def size(journal: Journal) -> int:
    """Tokens that an attempt of one of these items is reserved with."""
    (first, *_) = [event for event in journal.store.journal if isinstance(event, ItemAssigned) and event.reserved]
    assert first.reserved
    return first.reserved.tokens or 0


async def test_a_run_that_the_fleet_has_no_room_for_is_paused_and_goes_on_by_itself_with_a_wider_budget() -> None:
    journal, model = Journal(), FakeModel()
    agent = LocalAgent("executor-0", journal.store, model)
    await journal.say(FleetBudgetSet(budget=Budget(tokens=10)))
    driving = drive(journal, "r", agent, "a", "b")
    await journal.until(lambda event: isinstance(event, RunPaused))
    (pause,) = [event for event in journal.store.journal if isinstance(event, RunPaused)]
    assert pause.reason.startswith("budget: the fleet's budget: 0 of 10 tokens used, and the next attempt may take ")
    assert "; mnemosyne budget tokens=" in pause.reason
    assert model.requests == []
    await journal.say(FleetBudgetSet(budget=Budget(tokens=100_000)))
    assert await asyncio.wait_for(driving, 10) is RunStatus.COMPLETED
    assert any(isinstance(event, RunResumed) for event in journal.store.journal)
    account = await journal.store.account()
    assert account
    assert account.held_tokens == 0
    await agent.stop()


async def test_a_run_waits_for_what_another_has_reserved_and_does_not_use() -> None:
    journal, model = Journal(), BlockedModel()
    agent = LocalAgent("executor-0", journal.store, model)
    await journal.say(FleetBudgetSet(budget=Budget(tokens=100_000)))
    first = drive(journal, "r", agent, "a")
    await model.arrived.get()
    await journal.say(FleetBudgetSet(budget=Budget(tokens=await size(journal) + 10)))
    second = drive(journal, "s", agent, "a")
    await journal.until(lambda event: isinstance(event, RunWaiting) and event.run == "s")
    (waiting,) = [event for event in journal.store.journal if isinstance(event, RunWaiting)]
    assert "the fleet's budget: 0 of" in waiting.reason
    assert " tokens reserved, and the next attempt may take " in waiting.reason
    model.release.set()
    assert await asyncio.wait_for(first, 10) is RunStatus.COMPLETED
    assert await asyncio.wait_for(second, 10) is RunStatus.COMPLETED
    assert not any(isinstance(event, RunPaused) for event in journal.store.journal)
    await agent.stop()


async def test_a_cap_that_comes_while_a_run_is_at_work_holds_for_its_next_items() -> None:
    journal, model = Journal(), BlockedModel()
    agent = LocalAgent("executor-0", journal.store, model, concurrency=1)
    driving = drive(journal, "r", agent, "a", "b")
    await model.arrived.get()
    await journal.say(FleetBudgetSet(budget=Budget(tokens=5)))
    model.release.set()
    await journal.until(lambda event: isinstance(event, RunPaused))
    assert [event.item for event in journal.store.journal if isinstance(event, ItemClosed)] == ["a"]
    await journal.say(FleetBudgetSet(budget=None))
    assert await asyncio.wait_for(driving, 10) is RunStatus.COMPLETED
    await agent.stop()


class Shared:
    """A run of three items beside the store's account. Of attempts' ends the account may know before the run does."""

    def __init__(self, caps: Budget) -> None:
        self.store, self.tasks, self.facts = MemoryBudget(), dict[str, Task](), list[Event]()
        event = FleetBudgetSet(budget=caps)
        self.store.note("", event)
        self.state = RunState("r", WorkGraph(items("a", "b", "c")), "fake")
        self.state.replay([event])
        self.go(self.state.start(1, executors("e")))
        self.hear(AgentAttached("e", 1, 9))

    def hear(self, *stimuli: Stimulus) -> None:
        self.go(self.state.handle(*stimuli))

    def go(self, commands: Sequence[Command]) -> None:
        for command in commands:
            if isinstance(command, Submit):
                self.tasks[command.task.item.id] = command.task
            elif isinstance(command, Append) and self.store.refuses(command.event):
                assert isinstance(command.event, ItemAssigned)
                self.hear(Unaffordable(command.event))
            elif isinstance(command, Append):
                self.store.note("r", command.event)
                self.facts.append(command.event)
                self.hear(command.event)

    def end(self, item: str, tokens: int) -> ItemClosed:
        """On disk, and not read yet."""
        event = closed(self.tasks[item], GOOD.model_copy(update={"usage": Usage(input_tokens=tokens)}), "e")
        self.store.note("r", event)
        return event

    def tell(self) -> None:
        """Its driver has asked."""
        self.hear(FleetAccount(self.store.account))


@pytest.mark.parametrize("asked_first", [True, False])
@pytest.mark.parametrize("first_round", [True, False])
def test_an_end_that_the_account_has_in_it_is_not_counted_again(asked_first: bool, first_round: bool) -> None:
    one = RunBudget({"a": items("a")[0]}, lambda _: "fake")
    one.change(Budget(tokens=10**6))
    one.take("a", {})
    reserved = one.reserved("a")
    assert reserved
    size = reserved.tokens or 0
    run = Shared(Budget(tokens=2 * size + size // 2))
    assert set(run.tasks) == {"a", "b"}
    if first_round:
        run.tell()
    end = run.end("a", size - 1)
    for stimulus in (FleetAccount(run.store.account), end) if asked_first else (end, FleetAccount(run.store.account)):
        run.hear(stimulus)
    assert run.state.wants_account, "what it waits for has not come"
    run.hear(run.end("b", 1))
    if run.state.wants_account:
        run.tell()
    assert set(run.tasks) == {"a", "b", "c"}
    assert not any(isinstance(fact, RunPaused) for fact in run.facts)


def test_a_run_is_paused_by_the_stores_word_after_its_last_end_alone() -> None:
    run = Shared(Budget(tokens=1000))
    names = set(run.tasks)
    run.tell()
    for name in names:
        run.hear(run.end(name, 500 if name == "a" else 499))
    assert not any(isinstance(fact, RunPaused) for fact in run.facts)
    run.tell()
    (pause,) = [fact for fact in run.facts if isinstance(fact, RunPaused)]
    assert run.store.account
    assert f"{run.store.account.told()} used" in pause.reason


class FleetWorld:
    """Runs whose drivers and agents die, on one account. Nobody knows what the calls cost that were lost."""

    def __init__(self, seed: int, caps: Budget, runs: int) -> None:
        self.rng, self.caps, self.account = Random(seed), caps, MemoryBudget()
        self.runs = [FleetRun(seed + number, self, str(number)) for number in range(runs)]
        self.set(caps)

    def set(self, caps: Budget) -> None:
        """As `mnemosyne budget`."""
        self.caps = self.caps.changed(caps)
        event = FleetBudgetSet(budget=caps)
        self.account.note("", event)
        for run in self.runs:
            run.take(event)

    def step(self) -> None:
        run = self.rng.choice(self.runs)
        if run.state.status not in FINISHED:
            run.step()
        usd, tokens = (sum(getattr(run, name)["r"] for run in self.runs) for name in ("paid_usd", "paid_tokens"))
        assert self.caps.usd is None or usd <= self.caps.usd + 1e-9
        assert self.caps.tokens is None or tokens <= self.caps.tokens

    @property
    def over(self) -> bool:
        return all(run.state.status in FINISHED for run in self.runs)


class FleetRun(World):
    """One of them; its assignments go to the account first, as they go to the store."""

    def __init__(self, seed: int, fleet: FleetWorld, name: str) -> None:
        self.fleet, self.name = fleet, name
        super().__init__(seed, Budget())

    def take(self, event: Event) -> None:
        """See World."""
        if self.fleet.account.refuses(event):
            assert isinstance(event, ItemAssigned)
            self.owed += self.state.handle(Unaffordable(event))
            return
        before = len(self.journal)
        super().take(event)
        if len(self.journal) > before and not isinstance(event, FleetBudgetSet):
            self.fleet.account.note(self.name, event)

    def step(self) -> None:
        """See World; now and then its driver is told what is left."""
        if self.state.wants_account and self.rng.random() < 0.3:
            self.owed += self.state.handle(FleetAccount(self.fleet.account.account))
        super().step()

    def told(self) -> str:
        """Why it is paused for a budget, "" if it is not."""
        pauses = [event for event in self.journal if isinstance(event, RunPaused)]
        return pauses[-1].reason if self.halted and pauses else ""


fleet_caps = st.one_of(
    st.builds(Budget, usd=st.sampled_from([0.0, 0.01, 0.05, 0.3]), tokens=st.none()),
    st.builds(Budget, usd=st.none(), tokens=st.sampled_from([0, 5000, 30_000, 200_000])),
)


@settings(max_examples=100)
@given(st.integers(0, 2**32), fleet_caps, st.integers(1, 3))
def test_whoever_dies_the_runs_never_take_more_together_and_end_with_a_wider_budget(
    seed: int, caps: Budget, runs: int
) -> None:
    world = FleetWorld(seed, caps, runs)
    for _ in range(6000):
        if world.over:
            break
        world.step()
        for run in world.runs:
            if reason := run.told():
                assert reason.startswith("budget: ")
                run.widen(reason)
                if "the fleet's budget" in reason:
                    told = COMMAND.sub("", reason)
                    assert "mnemosyne budget " in told
                    usd = None if caps.usd is None else 100.0
                    world.set(Budget(usd=usd, tokens=None if caps.tokens is None else 10**8))
    assert world.over, [(run.state.status, run.journal[-1]) for run in world.runs]
    account = world.account.account
    assert account
    assert (account.held_usd < 1e-9, account.held_tokens) == (True, 0)


def test_the_command_shows_sets_and_ends_it_with_nobody_alive(tmp_path: Path) -> None:
    def run(*arguments: str) -> str:
        result = CliRunner().invoke(app, ["budget", *arguments, "--home", str(tmp_path)])
        assert result.exit_code == 0, result.output
        return result.output

    assert "no budget of its own" in run()
    assert run("usd=50") == "Budget of this home: $50.00; used $0.00, reserved $0.00.\n"
    run("tokens=1000", "--anew")
    told = json.loads(run("--json"))["budget"]
    assert (told["caps"], told["spent_usd"]) == ({"usd": 50.0, "tokens": 1000}, 0.0)
    with pytest.raises(UserError, match="claude-new is not known"):
        fleet_budget.check(tmp_path, frozenset({"claude-new"}))
    fleet_budget.check(tmp_path, frozenset({"local"}))
    assert "no budget of its own" in run("none")
    assert CliRunner().invoke(app, ["budget", "much", "--home", str(tmp_path)]).exit_code == 2

"""Budgets: read from plans and options, held by attempts, previewed, shown."""

import asyncio
import json
from pathlib import Path

import pytest
import typer

from actors.errors import BudgetExhausted, ModelFaulty, PlanRefused, UserError
from actors.events import ContinueRequested, ItemAssigned, ItemClosed, RunPaused, RunResumed
from actors.models.estimate import most
from actors.models.port import Message, Reply, Request, StopReason
from actors.models.spending import Spending
from actors.roles.prompt import PROMPTS
from actors.spending.budget import Budget
from actors.stores.protocol import Accept
from actors.work import Content, Failure, FailureKind, Item, Lost, Reservation, Result, Role, RunStatus, Task, Usage
from cluster.cli import budgets
from cluster.driving.driver import Driver
from cluster.plan import load
from cluster.plan.cost import check_prices, cost_of
from cluster.run.budget import LONG_TEXT, SOME_CALLS, RunBudget, Taken
from tests.support.failing import Journal
from tests.support.fakes import FakeModel, LocalAgent
from tests.support.runs import closed

MODEL = "claude-sonnet-5-5"
PLAN = """\
budget: {usd: 2.5, tokens: 1000}
items:
  - {id: a, description: first, max_tokens: 100}
  - {id: b, description: second, dependencies: [a], max_tokens: 50}
"""


def plan(folder: Path, text: str = PLAN) -> Path:
    path = folder / "plan.yaml"
    path.write_text(text)
    return path


def test_a_plan_tells_its_budget_which_is_no_part_of_what_it_is(tmp_path: Path) -> None:
    told = load(plan(tmp_path))
    assert told.budget == Budget(usd=2.5, tokens=1000)
    assert load(plan(tmp_path, PLAN.partition("\n")[2])).digest == told.digest


@pytest.mark.parametrize(
    ("budget", "told"),
    [
        ("5", "a mapping of"),
        ("{}", "has no cap"),
        ("{usd: -1}", "from 0 to"),
        ("{usd: five}", "a number"),
        ("{tokens: 1.5}", "not a whole number"),
        ("{euro: 2}", "unknown key"),
    ],
)
def test_mistakes_in_a_budget_are_told(tmp_path: Path, budget: str, told: str) -> None:
    with pytest.raises(PlanRefused) as refusal:
        load(plan(tmp_path, PLAN.replace("{usd: 2.5, tokens: 1000}", budget)))
    assert told in str(refusal.value)


def test_an_item_may_have_a_budget_which_is_no_part_of_what_it_is(tmp_path: Path) -> None:
    text = "items:\n  - {id: a, description: x, budget: {usd: 0.5}}\n"
    told = load(plan(tmp_path, text))
    assert told.graph.by_id["a"].budget == Budget(usd=0.5)
    assert load(plan(tmp_path, text.replace(", budget: {usd: 0.5}", ""))).digest == told.digest
    with pytest.raises(PlanRefused, match="has no cap"):
        load(plan(tmp_path, text.replace("{usd: 0.5}", "{}")))


@pytest.mark.parametrize(
    ("text", "budget"),
    [("usd=5", Budget(usd=5)), ("tokens=7", Budget(tokens=7)), ("usd=0.5, tokens=9", Budget(usd=0.5, tokens=9))],
)
def test_budgets_as_an_option(text: str, budget: Budget) -> None:
    assert budgets.parse(text) == budget


@pytest.mark.parametrize(
    "text", ["", "5", "usd", "usd=", "usd=x", "usd=-1", "usd=nan", "usd=inf", "euro=5", "tokens=1.5"]
)
def test_what_is_no_budget_is_refused(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="usd=5"):
        budgets.parse(text)


def test_an_option_changes_what_it_names(tmp_path: Path) -> None:
    assert budgets.of_run("usd=9", load(plan(tmp_path)), frozenset({MODEL}), MODEL) == Budget(usd=9, tokens=1000)


def test_dollars_of_a_model_without_a_price_are_refused_and_tokens_are_not(tmp_path: Path) -> None:
    told = load(plan(tmp_path))
    with pytest.raises(UserError, match="claude-new is not known"):
        budgets.of_run(None, told, frozenset({MODEL, "claude-new"}), MODEL)
    check_prices({MODEL, "local", "scripted"})
    without = load(plan(tmp_path, PLAN.replace("usd: 2.5, ", "")))
    assert budgets.of_run(None, without, frozenset({"claude-new"}), MODEL) == Budget(tokens=1000)


def request(size: int = 350, max_tokens: int = 100) -> Request:
    return Request(model=MODEL, messages=(Message(role="user", text="x" * size),), max_tokens=max_tokens)


def reply(**usage: int) -> Reply:
    return Reply(text="a", stop=StopReason.END, model=MODEL, usage=Usage(**usage))


def test_a_call_is_not_made_that_may_take_more_than_the_attempt_has() -> None:
    most = Reservation(usd=(100 * 2 + 100 * 10) / 1e6, tokens=200)
    Spending(most).check(request())
    Spending(Reservation(usd=most.usd)).check(request())
    for short in (Reservation(usd=0.0011), Reservation(tokens=199), Reservation(usd=0.0, tokens=0)):
        with pytest.raises(BudgetExhausted) as refusal:
            Spending(short).check(request())
        assert refusal.value.needs == most
    Spending(None).check(request())


def test_a_prompt_that_is_kept_at_the_api_may_cost_a_write() -> None:
    short, long = request(), request().model_copy(update={"system": "s" * 5000})
    assert most(short).usd == pytest.approx((100 * 2 + 100 * 10) / 1e6)
    assert most(long).usd == pytest.approx((1529 * 2.5 + 100 * 10) / 1e6)


def test_what_was_used_and_what_was_lost_is_taken_off() -> None:
    spending = Spending(Reservation(tokens=420))
    spending.answered(reply(input_tokens=100, output_tokens=20, cache_read_tokens=100))
    spending.check(request())
    error = ModelFaulty("reset")
    error.lost = True
    spending.failed(request(35, 5), error)
    assert spending.sum.estimated_tokens == 15
    with pytest.raises(BudgetExhausted):
        spending.check(request())


def run_budget(**caps: float) -> RunBudget:
    items = {id_: Item(id=id_, description="x", max_tokens=100) for id_ in "abc"}
    made = RunBudget(items, lambda _: MODEL)
    made.change(Budget.model_validate(caps))
    return made


def test_attempts_are_reserved_until_they_end() -> None:
    it = run_budget(tokens=10**6)
    it.take("a", {})
    reserved = it.reserved("a")
    assert reserved
    assert reserved.usd is None
    assert reserved.tokens
    assert reserved.tokens > 100 + len(PROMPTS[Role.EXECUTOR].text) / 3.5
    it.change(Budget(tokens=3 * reserved.tokens - 1))
    assert [it.take(id_, {}) for id_ in "bc"] == [Taken.YES, Taken.NO]
    why = it.why_not("r", others=True)
    assert why.startswith(f"budget: 0 of {3 * reserved.tokens - 1} tokens used, {2 * reserved.tokens} tokens reserved")
    assert "; mnemosyne continue r --budget tokens=" in why
    outcome = Result(data=Content(text="x"), model=MODEL, usage=Usage(input_tokens=20, output_tokens=10))
    it.closed(_closed("a", outcome))
    assert (it.run.spent_tokens, it.take("c", {})) == (30, Taken.YES)


def test_a_lost_attempt_counts_as_it_was_reserved_and_one_that_was_never_made_as_nothing() -> None:
    it = run_budget(usd=1)
    it.take("a", {})
    lost = it.counted("a", Lost(message="gone"))
    assert isinstance(lost, Lost)
    assert lost.reserved == it.reserved("a")
    it.closed(_closed("a", lost))
    assert it.run.spent_usd == lost.reserved.usd  # type: ignore[union-attr]
    before = it.run.spent_usd
    it.take("b", {})
    it.closed(_closed("b", Lost(message="cancelled", reserved=Reservation(usd=0.0, tokens=0))))
    assert it.run.spent_usd == before


@pytest.mark.parametrize(
    ("known", "counted", "estimated"), [(None, 0.06, 0.06), (0.0, 0.0, 0.0)], ids=["lost calls", "a free model"]
)
def test_an_attempt_whose_process_was_ended_for_its_timeout_counts_as_it_was_reserved(
    known: float | None, counted: float, estimated: float
) -> None:
    it = run_budget(usd=1, tokens=10**6)
    it.opened(assigned("a", Reservation(usd=0.06, tokens=700)))
    outcome = it.counted("a", Failure(reason=FailureKind.TIMEOUT, message="late", model=MODEL, cost_usd=known))
    assert isinstance(outcome, Failure)
    assert (outcome.cost_usd, outcome.estimated_usd, outcome.estimated_tokens) == (counted, estimated, 700)
    it.closed(_closed("a", outcome))
    assert (it.run.spent_usd, it.run.spent_tokens, it.run.held_tokens) == (counted, 700, 0)


def test_an_item_that_came_back_for_more_gets_room_for_some_calls_if_there_is_room() -> None:
    it = run_budget(usd=1)
    it.take("a", {})
    needs = Reservation(usd=0.1, tokens=5)
    it.closed(_closed("a", Failure(reason=FailureKind.BUDGET, message="dear", cost_usd=0.0, needs=needs)))
    assert it.take("a", {}) is Taken.YES
    assert it.reserved("a") == Reservation(usd=SOME_CALLS * 0.1)
    it.closed(_closed("a", Failure(reason=FailureKind.BUDGET, message="dear", cost_usd=0.7, needs=needs)))
    assert it.take("a", {}) is Taken.YES
    assert it.reserved("a") == Reservation(usd=0.1)


def test_an_unknown_price_never_fits_into_dollars() -> None:
    it = RunBudget({"a": Item(id="a", description="x")}, lambda _: "claude-new")
    it.change(Budget(usd=100))
    assert it.take("a", {}) is Taken.NO
    assert "not known" in it.why_not("r", others=False)


def assigned(item: str, reserved: Reservation) -> ItemAssigned:
    return ItemAssigned(run="r", item=item, epoch=1, attempt=1, agent="a", model=MODEL, reserved=reserved, term=1)


def _closed(item: str, outcome: Result | Failure | Lost) -> ItemClosed:
    return closed(Task(run="r", item=Item(id=item, description="x"), epoch=1, attempt=1, model=MODEL), outcome)


def test_a_plan_costs_between_its_prompts_and_whole_answers(tmp_path: Path) -> None:
    cost = cost_of(load(plan(tmp_path)), MODEL)
    assert cost.total == cost.items["a"].plus(cost.items["b"]) == cost.models[MODEL]
    first, second = cost.items["a"], cost.items["b"]
    assert first.most_tokens - first.least_tokens == 99
    assert second.most_tokens - second.least_tokens > 49 + 100, "it gets the answer of the first one"
    assert first.least_usd
    assert first.most_usd
    assert 0 < first.least_usd < first.most_usd < 0.01
    unknown = cost_of(load(plan(tmp_path)), "claude-new").total
    assert (unknown.least_usd, unknown.most_usd) == (None, None)
    assert "not known" in budgets.line(unknown)
    assert json.loads(json.dumps(cost.total.to_json()))["tokens"] == [cost.total.least_tokens, cost.total.most_tokens]


async def test_a_run_that_has_used_its_budget_is_paused_with_all_it_has_and_goes_on_with_a_wider_one() -> None:
    journal, model = Journal(), FakeModel()
    agent = LocalAgent("executor-0", journal.store, model)
    items = tuple(Item(id=id_, description=id_, max_tokens=100) for id_ in "abcd")
    caps = Budget(tokens=2 * 250)
    record = await journal.store.accept(Accept("r", None, "r", "digest", "fake", items, {}, budget=caps))
    driving = asyncio.create_task(Driver(record, journal.store, {"executor-0": agent}, "d").drive())
    # answers of the fake model use nothing, so every item goes, two at a time
    assert await asyncio.wait_for(driving, 10) is RunStatus.COMPLETED
    assert all(event.reserved for event in journal.store.journal if isinstance(event, ItemAssigned))
    again = await journal.store.accept(Accept("s", None, "s", "digest", "fake", items, {}, budget=Budget(tokens=10)))
    driving = asyncio.create_task(Driver(again, journal.store, {"executor-0": agent}, "d").drive())
    await journal.until(
        lambda event: isinstance(event, RunPaused) and event.reason.startswith("budget: 0 of 10 tokens used")
    )
    asked = len(model.requests)
    await journal.say(ContinueRequested(run="s"))
    await journal.until(lambda event: isinstance(event, RunResumed))
    await journal.say(ContinueRequested(run="s", budget=Budget(tokens=10_000)))
    assert await asyncio.wait_for(driving, 10) is RunStatus.COMPLETED
    assert len(model.requests) == asked + 4
    await agent.stop()


async def test_a_prompt_that_is_longer_than_the_driver_can_know_comes_back_for_more() -> None:
    journal, model = Journal(), FakeModel()
    agent = LocalAgent("executor-0", journal.store, model)
    ref, text = "f" * 64, "x" * (10 * LONG_TEXT)
    items = (Item(id="a", description="x", inputs={"long": Content(ref=ref)}, max_tokens=100),)
    caps = Budget(tokens=1_000_000)
    record = await journal.store.accept(Accept("r", None, "r", "digest", "fake", items, {ref: text}, budget=caps))
    assert await Driver(record, journal.store, {"executor-0": agent}, "d").drive() is RunStatus.COMPLETED
    first, second = journal.closings()
    assert isinstance(first.outcome, Failure)
    assert (first.outcome.reason, second.outcome.kind) == (FailureKind.BUDGET, "result")
    assert len(model.requests) == 1, "the first call was not made"
    await agent.stop()

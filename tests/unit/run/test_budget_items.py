"""Budgets of items: each caps all attempts of its item and of what that brings in; the others go on."""

import asyncio
from pathlib import Path

import pytest

from actors.errors import UserError
from actors.events import ContinueRequested, ItemAssigned, ItemClosed, RunPaused
from actors.spending.budget import Budget
from actors.stores.protocol import Accept
from actors.vocabulary.limits import Limits
from actors.work import Content, Failure, FailureKind, Item, Lost, Outcome, Reservation, Result, RunStatus, Task, Usage
from cluster.cli import budgets
from cluster.driving.driver import Driver
from cluster.home import requests
from cluster.plan import load
from cluster.plan.cost import cost_of, cost_of_items
from cluster.run import foreach
from cluster.run.budget import RunBudget, Taken
from tests.support.failing import Journal
from tests.support.fakes import FakeModel, LocalAgent, accepted, open_store
from tests.support.reviews import reviewed, verdict
from tests.support.runs import GOOD, closed
from tests.unit.run.test_review_loop import Play

MODEL = "claude-sonnet-5-5"


def item(id_: str, budget: Budget | None = None, **more: object) -> Item:
    return Item.model_validate({"id": id_, "description": "x", "max_tokens": 100, "budget": budget, **more})


def run_budget(*items: Item, parents: dict[str, str] | None = None) -> RunBudget:
    return RunBudget({item.id: item for item in items}, lambda _: MODEL, (parents or {}).get)


def ended(it: RunBudget, id_: str, outcome: Outcome) -> list[str]:
    return it.closed(closed(Task(run="r", item=item(id_), epoch=1, attempt=1, model=MODEL), outcome))


def used(tokens: int) -> Result:
    return Result(data=Content(text="x"), model=MODEL, usage=Usage(input_tokens=tokens), cost_usd=tokens / 1e6)


def test_only_the_item_over_its_cap_is_set_aside_and_the_reason_names_it_its_cap_and_the_command() -> None:
    it = run_budget(item("a", Budget(usd=0.0001)), item("b", Budget(usd=1)), item("c"))
    assert [it.take(id_, {}) for id_ in "abc"] == [Taken.SET_ASIDE, Taken.YES, Taken.YES]
    assert it.reserved("a") is None
    assert it.reserved("c") is None, "nothing that it takes has a cap"
    assert it.why_not("r", others=True) == "", "while there are others it is not told"
    why = it.why_not("r", others=False)
    assert why.startswith("budget: item a: $0 of $0.0001 used, and the next attempt may take $0.00")
    assert "; mnemosyne continue r --item a --budget usd=0.00" in why


def test_a_cap_holds_for_all_attempts_together_lost_ones_at_what_was_reserved() -> None:
    it = run_budget(item("a", Budget(tokens=1_000_000)))
    assert it.take("a", {}) is Taken.YES
    reserved = it.reserved("a")
    assert reserved
    assert reserved.tokens
    it.change(Budget(tokens=2 * reserved.tokens), "a")
    ended(it, "a", Lost(message="gone", reserved=reserved))
    assert it.take("a", {}) is Taken.YES
    ended(it, "a", Failure(reason=FailureKind.TRANSIENT, message="reset", usage=Usage(input_tokens=1)))
    assert it.take("a", {}) is Taken.SET_ASIDE
    assert it.change(Budget(tokens=10**6)) == [], "of the run; its own is in the way"
    assert it.change(Budget(tokens=3 * reserved.tokens), "a") == ["a"]
    assert it.take("a", {}) is Taken.YES


def test_what_an_item_brings_in_counts_against_it_and_against_what_brought_it_in() -> None:
    parents = {"child": "top", "grandchild": "child"}
    it = run_budget(item("top", Budget(tokens=5000)), item("child"), item("grandchild"), parents=parents)
    assert it.take("grandchild", {}) is Taken.YES
    assert ended(it, "grandchild", used(4900)) == []
    assert it.take("child", {}) is Taken.SET_ASIDE
    assert "item top: 4900 of 5000 tokens used" in it.why_not("r", others=False)
    assert it.change(Budget(tokens=20_000), "top") == ["child"]
    assert it.take("child", {}) is Taken.YES


def test_who_waits_for_what_a_sibling_reserved_is_tried_again_when_that_has_ended() -> None:
    parents = {"one": "top", "two": "top"}
    it = run_budget(item("top", Budget(tokens=10**6)), item("one"), item("two"), parents=parents)
    it.take("one", {})
    reserved = it.reserved("one")
    assert reserved
    assert reserved.tokens
    it.change(Budget(tokens=2 * reserved.tokens - 1), "top")
    assert it.take("two", {}) is Taken.SET_ASIDE
    assert ended(it, "one", used(10)) == ["two"]
    assert it.take("two", {}) is Taken.YES


def test_who_waits_for_what_a_sibling_reserved_is_tried_again_when_the_store_refuses_that() -> None:
    parents = {"one": "top", "two": "top"}
    it = run_budget(item("top", Budget(tokens=10**6)), item("one"), item("two"), parents=parents)
    it.take("one", {})
    reserved = it.reserved("one")
    assert reserved
    assert reserved.tokens
    it.change(Budget(tokens=2 * reserved.tokens - 1), "top")
    assert it.take("two", {}) is Taken.SET_ASIDE
    assert it.refuse("one") == ["two"]
    assert it.why_not("r", others=False) == "", "no item's budget is in the way any more"


def test_an_item_over_its_cap_pauses_nothing_while_an_acceptance_that_frees_another_is_on_its_way() -> None:
    after = item("after", dependencies=("a",))
    play = Play(reviewed(), item("dear", Budget(tokens=10)), after)
    play.end(GOOD)
    facts = play.end(verdict(passed=True))
    assert [fact.type for fact in facts] == ["item_accepted", "item_assigned"]
    assert [fact.type for fact in play.end(GOOD)] == ["run_paused"]


def test_an_item_that_ended_is_not_waited_for() -> None:
    it = run_budget(item("a", Budget(tokens=1)))
    it.take("a", {})
    it.discard("a")
    assert it.why_not("r", others=False) == ""


async def test_a_run_goes_on_beside_an_item_over_its_cap_and_pauses_when_only_that_is_left() -> None:
    journal, model = Journal(), FakeModel()
    agent = LocalAgent("executor-0", journal.store, model, concurrency=1)
    items = (item("dear", Budget(tokens=10), priority=10), item("b"), item("c"), item("after", dependencies=("dear",)))
    record = await journal.store.accept(Accept("r", None, "r", "digest", "fake", items, {}))
    driving = asyncio.create_task(Driver(record, journal.store, {"executor-0": agent}, "d").drive())
    await journal.until(lambda event: isinstance(event, RunPaused))
    assert [e.item for e in journal.store.journal if isinstance(e, ItemClosed)] == ["b", "c"]
    reasons = [e.reason for e in journal.store.journal if isinstance(e, RunPaused)]
    assert "mnemosyne continue r --item dear --budget tokens=" in reasons[0]
    seen = len(journal.store.journal)
    await journal.say(ContinueRequested(run="r"))
    await journal.until(lambda event: isinstance(event, RunPaused) and event.seq > seen)
    await journal.say(ContinueRequested(run="r", budget=Budget(tokens=10_000), target="dear"))
    assert await asyncio.wait_for(driving, 10) is RunStatus.COMPLETED
    assert [e.item for e in journal.store.journal if isinstance(e, ItemClosed)] == ["b", "c", "dear", "after"]
    reserved = {e.item: e.reserved for e in journal.store.journal if isinstance(e, ItemAssigned)}
    assert isinstance(reserved["dear"], Reservation)
    assert reserved["b"] is None
    await agent.stop()


async def test_requests_for_an_item_that_there_is_not_and_for_dollars_without_a_price_are_refused(
    tmp_path: Path,
) -> None:
    store = open_store(tmp_path)
    await accepted(store, item("a", model="claude-new"), item("b", model=MODEL))
    await store.close()
    path = tmp_path / "store.db"
    with pytest.raises(UserError, match="no item 'z'"):
        requests.go_on(path, "r", Budget(tokens=1), "z")
    with pytest.raises(UserError, match="claude-new is not known"):
        requests.go_on(path, "r", Budget(usd=1), "a")
    assert requests.go_on(path, "r", Budget(usd=1), "b")


def test_a_budget_that_not_even_the_first_call_fits_into_is_told_before_the_run(tmp_path: Path) -> None:
    path = tmp_path / "plan.yaml"
    path.write_text("items:\n  - {id: a, description: x, budget: {tokens: 5}}\n  - {id: b, description: x}\n")
    told = load(path)
    assert budgets.preview(told, MODEL, None) == ["Budgets of items that are less than their first call may take: a."]
    path.write_text("items:\n  - {id: a, description: x, budget: {usd: 1}}\n")
    assert budgets.preview(load(path), MODEL, None) == []
    with pytest.raises(UserError, match="not known"):
        budgets.of_run(None, load(path), frozenset({"claude-new"}), "claude-new")


LOOP = """\
items:
  - {id: list, description: x, max_tokens: 100}
  - id: all
    budget: {tokens: 9000}
    foreach: {item: {description: x, max_tokens: 100, budget: {tokens: 3000}}, over: {item: list}}
limits: {fan_out: 7}
"""


def test_a_foreach_has_a_budget_for_all_entries_and_one_for_each(tmp_path: Path) -> None:
    path = tmp_path / "plan.yaml"
    path.write_text(LOOP)
    told = load(path)
    loop = told.graph.by_id["all"]
    assert loop.budget == Budget(tokens=9000)
    children = foreach.for_each(loop, ["one", "two"]).items
    assert [child.budget for child in children] == [Budget(tokens=3000)] * 2
    path.write_text(LOOP.replace("budget: {tokens: 9000}", "").replace(", budget: {tokens: 3000}", ""))
    assert load(path).digest == told.digest
    cost = cost_of(told, MODEL).items
    (one,) = cost_of_items(children[:1], {}, MODEL, Limits()).items.values()
    assert (cost["all"].least_calls, cost["all"].most_calls) == (1, 7)
    assert cost["all"].most_tokens > 7 * 100 > cost["list"].most_tokens - cost["list"].least_tokens
    assert one.least_tokens > 0


async def test_entries_of_a_list_are_paid_for_by_what_added_them(tmp_path: Path) -> None:
    (tmp_path / "plan.yaml").write_text(LOOP.replace("9000", "2000").replace(", budget: {tokens: 3000}", ""))
    plan = load(tmp_path / "plan.yaml")
    journal, model = Journal(), FakeModel(lambda request: '["a", "b", "c"]')
    agent = LocalAgent("executor-0", journal.store, model)
    record = await journal.store.accept(Accept("r", None, "r", "digest", "fake", plan.graph.items, plan.payloads))
    driving = asyncio.create_task(Driver(record, journal.store, {"executor-0": agent}, "d").drive())
    # answers of the fake model use nothing: one after the other goes, as each leaves its room to the next
    assert await asyncio.wait_for(driving, 10) is RunStatus.COMPLETED
    reserved = {e.item: e.reserved for e in journal.store.journal if isinstance(e, ItemAssigned)}
    assert reserved.keys() == {"list", "all[0]", "all[1]", "all[2]"}
    assert reserved["list"] is None
    assert all(one and one.tokens and one.tokens > 100 for name, one in reserved.items() if name != "list")
    await agent.stop()

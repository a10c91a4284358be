"""`resume RUN --plan FILE`: what becomes of budgets. The place of a fleet is taken by one that only accepts the run."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from actors.events import ContinueRequested, RunAccepted
from actors.spending.budget import Budget
from actors.stores.group import GroupStore
from actors.stores.protocol import Accept, RunRecord
from actors.stores.reader import Reader
from actors.vocabulary.limits import Limits
from cluster.cli import budgets, revise
from cluster.cli import run as run_command
from cluster.cli.revise import Change
from cluster.cli.shape import Shape
from cluster.cli.way import Way
from cluster.home.config import store_path
from cluster.plan import load

PLAN = "model: scripted\nitems:\n- {id: a, description: one}\n"
EDITED = PLAN.replace("one", "two")


Accepts = Callable[[GroupStore], Awaitable[RunRecord]]


class Home:
    """A home with one run, begun with `run --budget told` or without."""

    def __init__(self, folder: Path, text: str, told: str | None = None) -> None:
        self.folder, self.path = folder, folder / "plan.yaml"
        self.path.write_text(text)
        plan = load(self.path)
        caps = budgets.of_run(told, plan, frozenset({"scripted"}), "scripted")
        parts = ("p", plan.digest, "scripted", plan.graph.items, plan.payloads)
        self.with_store(lambda store: store.accept(Accept("old", "monday", *parts, budget=caps)))

    def with_store(self, do: Callable[[GroupStore], Awaitable[Any]]) -> None:
        async def all_() -> None:
            store = GroupStore(store_path(self.folder))
            await do(store)
            await store.close()

        asyncio.run(all_())

    def resume(self, text: str, told: str | None = None) -> bool:
        self.path.write_text(text)
        way = Way(self.folder, Shape(), 0, False, False)
        return revise.revise(way, "monday", Change(self.path, None, told), "new", dry_run=False)

    def budgets(self) -> dict[str, Budget | None]:
        events = Reader(store_path(self.folder)).events_of_all(0, 999)
        return {event.run: event.budget for event in events if isinstance(event, RunAccepted)}

    def continued(self) -> list[tuple[str | None, Budget | None]]:
        events = Reader(store_path(self.folder)).events_of_all(0, 999)
        return [(event.target, event.budget) for event in events if isinstance(event, ContinueRequested)]

    def widened(self) -> list[Limits]:
        events = Reader(store_path(self.folder)).events_of_all(0, 999)
        return [event.limits for event in events if isinstance(event, ContinueRequested) and event.limits]

    def record(self) -> RunRecord:
        return Reader(store_path(self.folder)).run("old")


@pytest.fixture(autouse=True)
def only_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    def go(way: Way, _models: object, _items: object, accept: Accepts, *_: Any) -> None:
        async def accepted() -> RunRecord:
            store = GroupStore(store_path(way.home))
            try:
                return await accept(store)
            finally:
                await store.close()

        asyncio.run(accepted())

    monkeypatch.setattr(revise, "go", go)


USD, BOTH = Budget(usd=5), Budget(usd=5, tokens=1000)


@pytest.mark.parametrize(
    ("begun_with", "edited", "told", "holds"),
    [
        ("usd=5", EDITED, None, USD),
        ("usd=5", "budget: {tokens: 1000}\n" + EDITED, None, BOTH),
        ("usd=9", "budget: {usd: 5}\n" + EDITED, None, USD),
        ("usd=9", "budget: {usd: 7}\n" + EDITED, "usd=5,tokens=1000", BOTH),
        (None, EDITED, "usd=5", USD),
        (None, EDITED, None, None),
    ],
)
def test_an_edited_plan_goes_on_under_the_caps_it_names_and_those_it_does_not_name(
    begun_with: str | None, edited: str, told: str | None, holds: Budget | None, tmp_path: Path
) -> None:
    home = Home(tmp_path, PLAN, begun_with)
    assert home.resume(edited, told)
    assert home.budgets()["new"] == holds


def test_caps_that_a_person_gave_meanwhile_stay(tmp_path: Path) -> None:
    home = Home(tmp_path, PLAN, "usd=1")
    home.with_store(lambda store: store.append("more", [ContinueRequested(run="old", budget=USD)]))
    assert home.resume(EDITED)
    assert home.budgets()["new"] == USD


def test_the_same_plan_with_other_budgets_is_the_same_run_with_other_budgets(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = Home(tmp_path, "budget: {usd: 1}\n" + PLAN)
    widened = PLAN.replace("one", "one, budget: {tokens: 9}")
    assert not home.resume("budget: {usd: 5}\n" + widened), "it is to go on as it is"
    assert home.budgets() == {"old": Budget(usd=1)}
    assert home.continued() == [(None, USD), ("a", Budget(tokens=9))]
    assert "Budget: $5.00 from now on." in capsys.readouterr().out
    assert not home.resume("budget: {usd: 5}\n" + widened)
    assert len(home.continued()) == 2, "said once"


def test_the_same_plan_with_other_limits_is_the_same_run_with_other_limits(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = Home(tmp_path, PLAN)
    assert not home.resume("limits: {fan_out: 500}\n" + PLAN), "it is to go on as it is"
    assert home.widened() == [Limits(fan_out=500)]
    assert "Limits: items 1000, fan_out 500, depth 2 from now on." in capsys.readouterr().out
    assert not home.resume("limits: {fan_out: 500}\n" + PLAN)
    assert len(home.widened()) == 1, "said once"
    (tmp_path / "limits.json").write_text('{"depth": 3}')
    assert not home.resume(PLAN)
    assert home.widened()[1:] == [Limits(depth=3)], "as a new run would have them"


def test_a_key_says_which_limits_stay(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home = Home(tmp_path, PLAN)
    home.path.write_text("limits: {fan_out: 500}\n" + PLAN)
    way = Way(home.folder, Shape(), 0, False, False)
    run_command.say_what_stays(way, load(home.path), home.record())
    assert "Its limits stay: items 1000, fan_out 100, depth 2; mnemosyne resume monday" in capsys.readouterr().out
    home.path.write_text(PLAN)
    run_command.say_what_stays(way, load(home.path), home.record())
    assert not capsys.readouterr().out


def test_the_same_plan_alone_changes_nothing(tmp_path: Path) -> None:
    home = Home(tmp_path, "budget: {usd: 1}\n" + PLAN)
    assert not home.resume("budget: {usd: 1}\n" + PLAN)
    assert not home.continued()

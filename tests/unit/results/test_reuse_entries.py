"""A list that was not done to its end: its finished entries are kept, unless what went into them is another now."""

from collections.abc import Iterable, Sequence
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.events import Event, ItemJoined, ItemReused, ItemsAdded
from actors.roles.prompt import VERSIONS
from actors.stores.protocol import RunRecord
from actors.work import Content, Item, ItemState, Over, Result, Role, Task
from cluster.results.reuse import Comparison, Fate, Verdict, compare, earlier
from cluster.run.graph import WorkGraph
from dashboards.views.projection import RunView
from tests.support.growths import Answer, Grown
from tests.support.histories import view_of
from tests.support.runs import BAD

LISTING = Item(id="list", description="List them.", output={"type": "array"})
HINT = Item(id="hint", description="Give a hint.")
EACH = Item(id="each", description="Do it.", dependencies=("list", "hint"), foreach=Over(item="list"))
MERGE = Item(id="merge", description="Merge.", dependencies=("each",))
PLAN = (LISTING, HINT, EACH, MERGE)
LIST = '["a", "b", "c"]'
NAMES = ["each[0]", "each[1]", "each[2]"]
TOLD = ("2 of its 3 items are kept", "was not complete")


def made(text: str, run: str = "") -> Result:
    return Result(data=Content(text=text + run), model="fake", prompt=VERSIONS[Role.EXECUTOR], cost_usd=1.0)


def answers(run: str = "", **others: Answer) -> dict[str, Answer]:
    """Every item answers with its id."""
    alike = {name: made(name, run) for name in ("hint", "merge", *NAMES)}
    return {"list": made(LIST).model_copy(update={"json_data": True}), **alike, **others}


def driven(*plan: Item, **others: Answer) -> Grown:
    run = Grown(*plan)
    run.drive(answers() | others)
    return run


def found(run: Grown, plan: Iterable[Item], journal: Sequence[Event] | None = None, model: str = "fake") -> Comparison:
    """What the plan keeps of the run, if that came as far as this."""
    rows = run.journal if journal is None else journal
    items = [*run.plan, *(item for row in rows if isinstance(row, ItemsAdded) for item in row.items)]
    record = RunRecord("older", None, "n", "d", "fake", 1, None, 1, len(items))
    old = earlier(record, items, [row.model_copy(update={"run": "older"}) for row in rows])
    return compare(old, WorkGraph(tuple(plan)), model, VERSIONS)


def of(comparison: Comparison, item: str = "each") -> Verdict:
    return next(verdict for verdict in comparison.verdicts if verdict.item == item)


def edited(id_: str, **fields: Any) -> tuple[Item, ...]:
    return tuple(item.model_copy(update=fields) if item.id == id_ else item for item in PLAN)


HALF: dict[str, Answer] = {"each[1]": BAD}


def test_the_finished_entries_of_a_list_are_kept_though_one_failed() -> None:
    comparison = found(driven(*PLAN, **HALF), PLAN)
    assert (of(comparison).fate, of(comparison).reasons) == (Fate.RUNS_AGAIN, TOLD)
    assert comparison.counts == {Fate.KEPT: 2, Fate.RUNS_AGAIN: 2, Fate.NEW: 0, Fate.GONE: 0}
    assert comparison.entries == (2, 3)
    rows = comparison.reused("newer")
    assert [(row.type, row.item, row.run) for row in rows] == [
        ("item_reused", "list", "newer"),
        ("item_reused", "hint", "newer"),
        ("items_added", "each", "newer"),
        ("item_reused", "each[0]", "newer"),
        ("item_reused", "each[2]", "newer"),
    ]
    (added,) = [row for row in rows if isinstance(row, ItemsAdded)]
    assert added.term == 0
    (first,) = [row for row in driven(*PLAN).journal if isinstance(row, ItemsAdded)]
    assert added.items == first.items, "they are those that a driver adds"


def test_a_list_whose_entries_were_all_done_is_joined_without_another_call() -> None:
    run = driven(*PLAN)
    killed = [row for row in run.journal if not isinstance(row, ItemJoined) and getattr(row, "item", "") != "merge"]
    comparison = found(run, PLAN, killed)
    assert of(comparison).reasons == ("3 of its 3 items are kept", "was not complete")
    again = resumed(run, comparison)
    again.drive(answers(" of newer"))
    assert again.joined() == NAMES
    assert [task.item.id for task in again.tasks] == ["merge"]


@pytest.mark.parametrize("fields", [{"priority": 9}, {"timeout": 1.0}, {"model": "fake"}])
def test_when_and_where_entries_are_done_is_the_new_plans(fields: dict[str, Any]) -> None:
    grown = of(found(driven(*PLAN, **HALF), edited("each", **fields))).grown
    assert grown
    assert list(grown.made) == ["each[0]", "each[2]"]
    assert all(getattr(item, name) == value for item in grown.items for name, value in fields.items())


SCHEMA = {"type": "object"}


@pytest.mark.parametrize(
    ("item", "fields", "reasons"),
    [
        ("each", {"description": "Do it otherwise."}, ("its description changed",)),
        ("each", {"output": SCHEMA}, ("its output schema changed",)),
        ("each", {"inputs": {"more": Content(text="x")}}, ("its input more is new",)),
        ("each", {"model": "local"}, ("its model is now local, was fake",)),
        ("each", {"requirements": ("short",)}, ("its requirements changed",)),
        ("each", {"dependencies": ("list",)}, ("it no longer depends on hint",)),
        ("each", {"tools": ("files:read",)}, ("has tools, and what they did is not kept",)),
        ("each", {"foreach": Over(item="list", path="other")}, ()),
        ("each", {"foreach": Over(item="hint")}, ()),
        ("list", {"description": "List others."}, ()),
        ("hint", {"description": "Give another."}, ()),
    ],
)
def test_what_went_into_the_entries_and_is_another_now(
    item: str, fields: dict[str, Any], reasons: tuple[str, ...]
) -> None:
    comparison = found(driven(*PLAN, **HALF), edited(item, **fields))
    verdict = of(comparison)
    assert (verdict.fate, verdict.reasons) == (Fate.RUNS_AGAIN, ("was not complete", *reasons))
    assert verdict.grown is None
    assert {row.item for row in comparison.reused("newer")} <= {"list", "hint"}


def test_another_default_model_and_another_prompt_keep_no_entry() -> None:
    run = driven(*PLAN, **HALF)
    assert of(found(run, PLAN, model="local")).reasons == ("was not complete",), "its list runs again"
    old = made("each[0]").model_copy(update={"prompt": "of before"})
    mixed = of(found(driven(*PLAN, **HALF, **{"each[0]": old}), PLAN))
    assert mixed.reasons == ("1 of its 3 items are kept", "was not complete")


def test_entries_with_tools_run_again() -> None:
    plan = edited("each", tools=("files:write",))
    assert of(found(driven(*plan, **HALF), plan)).reasons == (
        "was not complete",
        "has tools, and what they did is not kept",
    )


def test_a_list_that_had_added_nothing_keeps_nothing() -> None:
    assert of(found(driven(*PLAN, hint=BAD), PLAN)).reasons == ("was not complete",)


def resumed(first: Grown, comparison: Comparison) -> Grown:
    """The run that goes on with what is kept."""
    again = Grown(*PLAN)
    again.journal += comparison.reused("r")
    again.texts |= first.texts
    return again


def asked(run: Grown) -> set[str]:
    return {task.item.id for task in run.tasks}


def seen(run: Grown) -> RunView:
    """What people see of it."""
    return view_of(run.plan, *run.journal)


@given(st.integers(0, 2**32), st.integers(0, 3), st.sets(st.sampled_from(["list", "hint", *NAMES])))
def test_wherever_a_run_ended_the_next_does_the_rest_and_joins_it_in_order(
    seed: int, kills: int, failing: set[str]
) -> None:
    rng = Random(seed)
    first = Grown(*PLAN)
    first.drive(answers() | dict.fromkeys(failing, BAD), rng, kills)
    came = first.journal[: rng.randint(1, len(first.journal))]
    comparison = found(first, PLAN, came)
    kept = {row.item for row in comparison.reused("r") if isinstance(row, ItemReused)}
    again = resumed(first, comparison)
    state = again.drive(answers(" of newer"), rng, kills)
    assert {view.state for view in state.views.values()} == {ItemState.COMPLETE}
    entries = set() if "each" in kept else set(NAMES)
    assert asked(again) == {"list", "hint", "merge", *entries} - kept
    if entries:
        assert again.joined() == [name if name in kept else f"{name} of newer" for name in NAMES]
    assert seen(again).items.counts == state.tally()
    third = found(again, PLAN)
    assert third.counts[Fate.KEPT] == len(PLAN)


def test_what_was_kept_once_is_kept_again_with_its_origin() -> None:
    first = driven(*PLAN, **HALF)
    second = resumed(first, found(first, PLAN))

    def fails(_task: Task) -> Any:
        return BAD

    second.drive(answers(" of newer", **{"each[1]": fails}))
    third = found(second, PLAN).reused("third")
    assert [row.item for row in third] == ["list", "hint", "each", "each[0]", "each[2]"]
    assert {row.origin for row in third if isinstance(row, ItemReused)} == {"older"}

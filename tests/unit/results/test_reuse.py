"""What an earlier run's results are good for: every reason, what follows from it, and random plans and edits."""

import random
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.events import Event, completed
from actors.journal.rows import from_rows, to_row
from actors.vocabulary.review import Purpose
from actors.work import Content, Item, ItemState, Role
from cluster.results.result_key import result_key
from cluster.results.reuse import Comparison, Fate, compare, earlier
from cluster.run.graph import WorkGraph
from cluster.run.state import RunState
from tests.support.fakes import check
from tests.support.histories import BAD, assigned, beginnings, closed, items, record, reuse
from tests.support.reuses import PLAN, PROMPTS, against, before, edited, journal, result, taken


def fates(comparison: Comparison) -> dict[str, str]:
    return {verdict.item: verdict.fate.value for verdict in comparison.verdicts}


def why(comparison: Comparison, item: str) -> tuple[str, ...]:
    (found,) = [verdict.reasons for verdict in comparison.verdicts if verdict.item == item]
    return found


def test_the_same_plan_keeps_everything() -> None:
    same = against(before(), PLAN)
    assert fates(same) == dict.fromkeys(["a", "b", "c", "other"], "kept")
    assert same.counts == {Fate.KEPT: 4, Fate.RUNS_AGAIN: 0, Fate.NEW: 0, Fate.GONE: 0}
    assert all(verdict.made and not verdict.reasons for verdict in same.verdicts)


INPUTS = {"report": Content(text="one"), "notes": Content(text="x")}
RICH = edited("a", inputs=INPUTS, output={"type": "object"}, max_tokens=9)


@pytest.mark.parametrize(
    ("fields", "reasons"),
    [
        ({"description": "do something else"}, ("its description changed",)),
        ({"inputs": {**INPUTS, "report": Content(text="two")}}, ("its input report changed",)),
        ({"inputs": {**INPUTS, "more": Content(text="")}}, ("its input more is new",)),
        ({"inputs": {"notes": INPUTS["notes"]}}, ("its input report is gone",)),
        ({"inputs": {}}, ("its input report is gone", "its input notes is gone")),
        ({"dependencies": ("other",)}, ("it now depends on other",)),
        ({"output": None}, ("its output schema changed",)),
        ({"output": {"type": "object", "title": "x"}}, ("its output schema changed",)),
        ({"agent": Role.REVIEWER}, ("its agent is now reviewer, was executor", "its prompt changed")),
        ({"model": "local"}, ("its model is now local, was scripted",)),
        ({"max_tokens": 10}, ("its max_tokens is now 10, was 9",)),
        ({"max_tokens": None}, ("its max_tokens is now the default, was 9",)),
        ({"description": "new", "model": "local"}, ("its description changed", "its model is now local, was scripted")),
    ],
)
def test_every_edit_has_its_reason_and_what_depends_on_it_runs_again(
    fields: dict[str, Any], reasons: tuple[str, ...]
) -> None:
    found = against(before(RICH), edited("a", RICH, **fields))
    assert why(found, "a") == reasons
    assert why(found, "b") == ("its dependency a runs again",)
    assert why(found, "c") == ("its dependency b runs again",)
    assert fates(found)["other"] == "kept"


@pytest.mark.parametrize("fields", [{"priority": 9}, {"timeout": 1.0}, {"model": "scripted"}])
def test_when_and_where_an_item_runs_makes_nothing_stale(fields: dict[str, Any]) -> None:
    plan = tuple(reversed(edited("a", **fields)))
    assert set(fates(against(before(), plan)).values()) == {"kept"}


def test_what_has_tools_runs_again() -> None:
    with_tools = edited("a", tools=("files:write",))
    comparison = against(before(with_tools), with_tools)
    assert why(comparison, "a") == ("has tools, and what they did is not kept",)


def test_another_default_model_and_another_prompt_are_reasons() -> None:
    plan = edited("other", model="scripted")
    found = against(before(plan), plan, "local")
    assert why(found, "a") == ("its model is now local, was scripted",)
    assert why(found, "b") == ("its dependency a runs again", "its model is now local, was scripted")
    assert fates(found)["other"] == "kept", "it names its model itself"
    assert why(against(before(), PLAN, executor="p9"), "a") == ("its prompt changed",)


def test_a_dependency_that_is_left_out_is_a_reason() -> None:
    found = against(before(), edited("b", dependencies=()))
    assert why(found, "b") == ("it no longer depends on a",)
    assert fates(found)["a"] == "kept"


def test_new_items_and_those_that_are_gone_are_told_in_the_order_of_their_plans() -> None:
    plan = (*items(fresh=[]), *edited("b", dependencies=("fresh",))[1:2], *items(c="b"))
    found = against(before(), plan)
    told = [("fresh", "new"), ("b", "runs_again"), ("c", "runs_again"), ("a", "gone"), ("other", "gone")]
    assert list(fates(found).items()) == told
    assert why(found, "fresh") == ("is new",)
    assert why(found, "b") == ("it now depends on fresh", "it no longer depends on a")


def test_what_was_not_complete_runs_again_with_what_depends_on_it() -> None:
    rows = [row for row in journal(PLAN) if getattr(row, "item", "") not in ("b", "c")]
    found = against(earlier(record(PLAN), PLAN, [*rows, assigned("b"), closed("b", BAD)]), PLAN)
    assert fates(found) == {"a": "kept", "b": "runs_again", "c": "runs_again", "other": "kept"}
    assert why(found, "b") == why(found, "c") == ("was not complete",)


def test_a_result_without_a_prompt_version_never_stands() -> None:
    old = before(a=result(prompt=""))
    for prompt in ("p1", ""):
        found = against(old, edited("a", description="new"), executor=prompt)
        assert why(found, "a") == ("made by an earlier version", "its description changed")
        assert why(against(old, PLAN, executor=prompt), "a") == ("made by an earlier version",)


def test_what_was_cut_off_is_kept_as_any_other() -> None:
    cut = result(truncated=True)
    (verdict, *_) = against(before(a=cut), PLAN).verdicts
    assert (verdict.fate, verdict.made and verdict.made.result) == (Fate.KEPT, cut)


def test_only_the_result_counts_and_not_the_attempts_before_it() -> None:
    first = assigned("a").model_copy(update={"model": "local"})
    rows: list[Event] = [first, closed("a", BAD), assigned("a", 2, 2), closed("a", result(), epoch=2)]
    assert fates(against(earlier(record(PLAN), PLAN, rows), PLAN))["a"] == "kept"
    assert why(against(earlier(record(PLAN), PLAN, rows), PLAN, "local"), "a") == (
        "its model is now local, was scripted",
    )


def test_the_model_that_counts_is_the_one_that_was_really_asked_for() -> None:
    first = assigned("other").model_copy(update={"model": "local"})
    old = earlier(record(PLAN), PLAN, [first, closed("other", result())])
    assert why(against(old, PLAN), "other") == ("its model is now scripted, was local",)
    assert fates(against(old, PLAN, "local"))["other"] == "kept"


def test_the_model_of_a_review_is_not_the_results() -> None:
    review = assigned("other", agent="reviewer-0").model_copy(update={"model": "local", "purpose": Purpose.REVIEW})
    old = earlier(record(PLAN), PLAN, [assigned("other"), review, closed("other", result())])
    assert fates(against(old, PLAN))["other"] == "kept"
    assert why(against(old, edited("other", model="local")), "other") == ("its model is now local, was scripted",)


def test_other_runs_are_passed_over() -> None:
    rows = [row.model_copy(update={"run": "another"}) for row in journal(PLAN)]
    assert not earlier(record(PLAN), PLAN, rows).made


def test_a_result_hands_its_origin_on_from_run_to_run() -> None:
    first = taken(against(before(), PLAN), "second")
    assert {row.origin for row in first} == {"r"}
    old = earlier(record(PLAN, "second"), PLAN, first)
    again = taken(against(old, edited("c", description="new")), "third")
    assert [(row.run, row.item, row.origin) for row in again] == [
        ("third", "a", "r"),
        ("third", "other", "r"),
        ("third", "b", "r"),
    ]
    assert why(against(old, PLAN, "local"), "a") == ("its model is now local, was scripted",)


def test_the_rows_have_the_whole_result_and_dependencies_first() -> None:
    plan = tuple(reversed(PLAN))
    cut = result("cut", truncated=True, seconds=3.0, cost_usd=0.5)
    rows = taken(against(before(plan, a=cut), plan), "next")
    place = {row.item: position for position, row in enumerate(rows)}
    assert place["a"] < place["b"] < place["c"]
    assert rows[place["a"]].outcome == cut
    assert from_rows([(0, 0.0, to_row(row).body) for row in rows]) == list(rows), "they cross processes as JSON"
    assert all(to_row(row).done for row in rows)


def test_a_result_whose_dependency_has_none_does_not_stand() -> None:
    old = earlier(record(PLAN), PLAN, [reuse("b", outcome=result())])
    found = against(old, PLAN)
    assert why(found, "a") == ("was not complete",)
    assert why(found, "b") == ("its dependency a runs again",)


EDITS = ({"description": "new"}, {"model": "local"}, {"priority": 9}, {"inputs": {"x": Content(text="1")}})


@st.composite
def stories(draw: st.DrawFn) -> tuple[tuple[Item, ...], list[Event], tuple[Item, ...]]:
    """A plan, the journal of a run of it that came as far as it did, and the plan after a person edited it."""
    size, rng = draw(st.integers(1, 10)), random.Random(draw(st.integers(0, 2**32)))
    plan = items(**{f"i{n}": [f"i{m}" for m in range(n) if rng.random() < 0.3] for n in range(size)})
    done = set(beginnings(plan, rng)) if rng.random() < 0.7 else {item.id for item in plan}
    rows: list[Event] = []
    for item in (item for item in plan if item.id in done):
        made = result(f"{item.id} {rng.random()}", prompt=rng.choice(["p1"] * 8 + ["p0", ""]))
        rows += [reuse(item.id, outcome=made)] if rng.random() < 0.3 else [assigned(item.id), closed(item.id, made)]
    after = [item for item in plan if rng.random() < 0.9]
    names = {item.id for item in after}
    for position, item in enumerate(after):
        kept = tuple(name for name in item.dependencies if name in names and rng.random() < 0.95)
        fields = rng.choice(EDITS) if rng.random() < 0.2 else {}
        after[position] = item.model_copy(update={"dependencies": kept, **fields})
    return plan, rows, tuple(rng.sample((*after, *items(new=[])), len(after) + 1))


@settings(max_examples=300)
@given(stories())
def test_kept_is_exactly_what_has_the_same_key(story: tuple[tuple[Item, ...], list[Event], tuple[Item, ...]]) -> None:
    plan, rows, after = story
    graph, was = WorkGraph(after), {item.id: item for item in plan}
    found = compare(earlier(record(plan), plan, rows), graph, "scripted", PROMPTS)
    made = dict(filter(None, map(completed, rows)))
    data = {id_: outcome.data for id_, outcome in made.items()}
    kept: dict[str, Content] = {}
    for id_ in graph.order:
        item = graph.by_id[id_]
        if id_ in made and made[id_].prompt and set(item.dependencies) <= kept.keys():
            old = result_key(was[id_], "scripted", made[id_].prompt, data)
            if old == result_key(item, item.model or "scripted", "p1", kept):
                kept[id_] = data[id_]
    verdicts = {verdict.item: verdict for verdict in found.verdicts}
    assert {id_ for id_, verdict in verdicts.items() if verdict.made} == kept.keys()
    assert len(verdicts) == len(found.verdicts) == sum(found.counts.values())
    assert verdicts.keys() == was.keys() | graph.by_id.keys()
    for verdict in found.verdicts:
        assert bool(verdict.reasons) == (verdict.fate in (Fate.RUNS_AGAIN, Fate.NEW)), verdict
        assert (verdict.made is not None) == (verdict.fate is Fate.KEPT)

    state = RunState("next", graph, "scripted")
    begun = found.reused("next")
    for row in begun:
        state.replay([row])
        check(state)
    assert state.counts[ItemState.COMPLETE] == len(kept)
    assert all(not view.attempts and not view.epoch for view in state.views.values())
    again = compare(earlier(record(after, "next"), after, begun), graph, "scripted", PROMPTS)
    assert again.reused("next") == begun, "what was taken over once can be taken over again"


def test_ten_thousand_items_take_a_moment() -> None:
    wide = {f"i{n}": [f"i{n - 1 - m}" for m in range(10) if m < n] for n in range(10_000)}
    plan = items(**wide)
    old, graph = before(plan), WorkGraph(edited("i5000", plan, description="new"))
    begin = time.process_time()
    found = compare(old, graph, "scripted", PROMPTS)
    rows = found.reused("next")
    spent = time.process_time() - begin
    assert (found.counts[Fate.KEPT], len(rows), found.counts[Fate.RUNS_AGAIN]) == (5000, 5000, 5000)
    assert spent < 3, f"{spent:.2f} s"  # 0.3 s where this was written

"""Phases: the next step only, each a layer of the plan that the one before feeds, each told once whatever dies."""

import json
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.errors import PlanRefused
from actors.events import ItemAssigned, PhaseChanged, RunFinished
from actors.stores.protocol import RunRecord
from actors.vocabulary.phase import ORDER, WORK, Phase
from actors.work import Content, Item, Over, Result
from cluster.plan import Caps, load
from cluster.plan.mistakes import Mistakes
from cluster.plan.phases import layered
from cluster.plan.spot import Spot
from cluster.plan.tree import Scalar
from cluster.run.graph import WorkGraph
from cluster.run.phases import DONE, PHASE, Phases, phase_after
from cluster.run.transitions import InvalidTransition
from dashboards.views.projection import RunView
from dashboards.views.run_json import run_json
from tests.support.growths import Grown
from tests.support.runs import BAD

P1, P2, P3, P4, END = ORDER


def entry(id_: str, phase: Phase | str | None, *dependencies: str) -> dict[str, Any]:
    more = {"phase": str(phase)} if phase else {}
    return {"id": id_, "description": f"Do {id_}.", "dependencies": list(dependencies), **more}


def plan(folder: Path, *items: dict[str, Any], caps: Caps = Caps()) -> WorkGraph:  # noqa: B008 - frozen
    file = folder / "plan.json"
    file.write_text(json.dumps({"items": items}))
    return load(file, caps).graph


def refusal(folder: Path, *items: dict[str, Any], caps: Caps = Caps()) -> str:  # noqa: B008 - frozen
    with pytest.raises(PlanRefused) as caught:
        plan(folder, *items, caps=caps)
    (mistake,) = caught.value.mistakes
    return f"{mistake.where}: {mistake.message}; {mistake.cure}"


def view_of(run: Grown) -> RunView:
    record = RunRecord("r", None, "n", "d", "fake", 1, None, 1, len(run.plan))
    view = RunView(run.plan, record)
    for event in run.journal:
        view.apply(event)
    return view


def test_the_next_step_only() -> None:
    assert [PHASE[phase, DONE] for phase in WORK] == list(ORDER[1:])
    for phase, event in ((END, DONE), (P1, "skip"), (None, DONE)):
        with pytest.raises(InvalidTransition, match="cannot take"):
            phase_after(phase, event)


@pytest.mark.parametrize("after", [P1, P3, END])
def test_a_step_that_is_not_the_next_one_changes_nothing(after: Phase) -> None:
    phases = Phases(WorkGraph((Item(id="a", description="a", phase=P1), Item(id="b", description="b", phase=P2))))
    with pytest.raises(InvalidTransition):
        phases.changed(PhaseChanged(run="r", before=P1, after=after, term=1))
    assert phases.now is P1
    assert phases.due("r", 1) is None, "its item is not complete"


def test_each_phase_begins_with_the_results_of_the_last_items_of_the_one_before(tmp_path: Path) -> None:
    made = plan(tmp_path, entry("z", P2), entry("y", P2, "z", "a"), entry("a", P1), entry("c", P1, "a"), entry("b", P1))
    told = {item.id: item.dependencies for item in made.items}
    assert told == {"a": (), "b": (), "c": ("a",), "z": ("b", "c"), "y": ("z", "a")}


def test_a_plan_without_phases_is_as_it_was(tmp_path: Path) -> None:
    run = Grown(*plan(tmp_path, entry("a", None), entry("b", None)).items)
    assert not any(item.dependencies for item in run.plan)
    run.drive({})
    assert not any(isinstance(event, PhaseChanged) for event in run.journal)
    assert run_json(view_of(run))["phase"] is None


def test_what_is_wrong_with_phases_is_told(tmp_path: Path) -> None:
    later = refusal(tmp_path, entry("a", P1, "b"), entry("b", P2))
    assert later.startswith('items[0].dependencies[0]: "b" is of spec_to_full_spec, a later phase')
    none = refusal(tmp_path, entry("a", P2), entry("b", None))
    assert none == 'items[1]: "b" has no phase, and others have one; add phase: spec_to_full_spec'
    gap = refusal(tmp_path, entry("a", P1), entry("b", P3), entry("c", P3))
    assert gap.startswith("items[1]: no item has the phase before full_spec_to_plan; add one with phase: spec_to_full")
    assert 'no phase "plan_to_artefacts"; did you mean' in refusal(tmp_path, entry("a", "plan_to_artefacts"))
    assert 'no phase "complete"' in refusal(tmp_path, entry("a", END))


def test_phases_that_meet_in_too_many_dependencies_are_refused(tmp_path: Path) -> None:
    items = [*(entry(f"a{n}", P1) for n in range(4)), *(entry(f"b{n}", P2) for n in range(4))]
    assert "the plan has 16 dependencies; at most 15" in refusal(tmp_path, *items, caps=Caps(edges=15))
    assert sum(plan(tmp_path, *items, caps=Caps(edges=16)).dependency_counts.values()) == 16


@st.composite
def phased(draw: st.DrawFn) -> tuple[Item, ...]:
    """Items of one to four phases in a row, that depend on items of theirs and of earlier ones."""
    begin = draw(st.integers(0, 3))
    used = WORK[begin : draw(st.integers(begin + 1, 4))]
    items: list[Item] = []
    for phase in used:
        for _ in range(draw(st.integers(1, 4))):
            names = [item.id for item in items]
            some = draw(st.lists(st.sampled_from(names), unique=True, max_size=3)) if names else []
            id_ = f"i{len(items)}"
            items.append(Item(id=id_, description=id_, phase=phase, dependencies=tuple(some)))
    return tuple(draw(st.permutations(items)))


def spot() -> Spot:
    return Spot(Scalar(1, None, ""), "items", Mistakes("plan"))


@given(phased(), st.randoms(use_true_random=False))
def test_no_item_begins_before_its_phase_and_each_step_is_told_once_whatever_dies(
    items: tuple[Item, ...], rng: Random
) -> None:
    run = Grown(*layered(items, spot(), Caps()))
    run.drive({}, rng, kills=5)
    of = {item.id: item.phase for item in items}
    now, seen = min(of.values(), key=ORDER.index), []
    for event in run.journal:
        match event:
            case PhaseChanged():
                assert (event.before, event.after) == (now, phase_after(now))
                now = event.after
                seen.append(event)
            case ItemAssigned():
                assert of[event.item] is now
            case RunFinished():
                last = max(of.values(), key=ORDER.index)
                assert now is (END if last is P4 else last)
    assert run_json(view_of(run))["phase"] == now


def test_a_phase_that_has_no_result_does_not_end() -> None:
    items = [Item(id=id_, description=id_, phase=phase) for id_, phase in (("a", P1), ("b", P1), ("c", P2))]
    run = Grown(*layered(tuple(items), spot(), Caps()))
    run.drive({"a": BAD})
    assert not any(isinstance(event, PhaseChanged) for event in run.journal)
    view = view_of(run)
    assert run_json(view)["phase"] == "prompt_to_spec"
    assert [item["state"] for item in run_json(view)["items"]] == ["failed", "complete", "skipped"]


def test_what_a_phase_grows_by_is_of_that_phase() -> None:
    listing = Item(id="list", description="List.", phase=P3)
    each = Item(id="each", description="Do.", phase=P4, foreach=Over(item="list"), dependencies=("list",))
    run = Grown(listing, each)
    run.drive({"list": Result(data=Content(text="[1, 2]"), json_data=True, model="fake")})
    told = {item["id"]: item["phase"] for item in run_json(view_of(run))["items"]}
    assert told == {"list": P3, "each": P4, "each[0]": P4, "each[1]": P4}
    assert [e.after for e in run.journal if isinstance(e, PhaseChanged)] == [P4, END]

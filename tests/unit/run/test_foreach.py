"""An item for each entry of a list: read from a plan, added once whatever dies, joined in order, within the caps."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.errors import PlanRefused
from actors.events import (
    CancelRequested,
    ItemCancelled,
    ItemClosed,
    ItemFailed,
    ItemJoined,
    ItemsAdded,
)
from actors.models.port import Request
from actors.roles.prompt import VERSIONS
from actors.stores.group import GroupStore
from actors.stores.protocol import RunRecord
from actors.vocabulary.limits import Limits
from actors.work import TERMINAL, Content, Item, ItemState, Outcome, Over, Result, Role, RunStatus
from cluster.driving.driver import Driver
from cluster.plan import load
from cluster.results.reuse import Fate, compare, earlier
from cluster.run.commands import AgentAttached, Append, Cancel, Fetch, Fetched, Submit
from cluster.run.graph import WorkGraph
from cluster.run.state import RunState
from dashboards.views.projection import RunView
from tests.support.fakes import FakeModel, LocalAgent, accepted, open_store
from tests.support.growths import Grown
from tests.support.runs import BAD, closed, executors

LIST = {"type": "array", "items": {"type": "string"}}
LISTING = Item(id="list", description="List them.", output=LIST)
EACH = Item(id="each", description="Do it.", dependencies=("list",), foreach=Over(item="list"))
MERGE = Item(id="merge", description="Merge.", dependencies=("each",))


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[GroupStore]:
    made = open_store(tmp_path)
    yield made
    await made.close()


def lists(*entries: object) -> str:
    return json.dumps(entries)


def answers(text: str) -> dict[str, Outcome]:
    return {"list": Result(data=Content(text=text), model="fake", json_data=True)}


def test_each_entry_has_an_item_and_the_results_come_back_in_order() -> None:
    run = Grown(LISTING, EACH, MERGE)
    state = run.drive(answers(lists("x", {"k": 1}, 3)))
    assert state.status is RunStatus.COMPLETED
    assert run.joined() == ["each[0]", "each[1]", "each[2]"]
    given_ = {task.item.id: task for task in run.tasks}
    assert [given_[f"each[{n}]"].item.inputs["item"].text for n in range(3)] == ["x", '{"k": 1}', "3"]
    assert all(given_[f"each[{n}]"].item.parent == "each" for n in range(3))
    assert given_["merge"].results == {"each": Content(text='["each[0]", "each[1]", "each[2]"]')}
    assert "each" not in given_, "no agent is asked for the list itself"
    assert sum(state.tally().values()) == 6
    assert not state.results


def test_answers_that_are_json_are_joined_as_json() -> None:
    run = Grown(LISTING, EACH.model_copy(update={"output": {"type": "object"}}))
    made = Result(data=Content(text='{"n": 1}'), model="fake", json_data=True)
    run.drive({**answers(lists("x", "y")), "each[0]": made, "each[1]": made})
    assert run.joined() == [{"n": 1}, {"n": 1}]


def test_an_empty_list_is_an_empty_list() -> None:
    run = Grown(LISTING, EACH, MERGE)
    assert run.drive(answers("[]")).status is RunStatus.COMPLETED
    assert run.joined() == []
    assert not [e for e in run.journal if isinstance(e, ItemsAdded)]


@pytest.mark.parametrize(
    ("text", "path", "told"),
    [
        ("{}", "", "is no list: it is an object"),
        ('"x"', "", "is no list: it is '\"x\"'"),
        ("no json", "", "is no JSON but 'no json'; give list an output schema"),
        ('{"a": {"b": 3}}', "a.b", "a.b in the result of list is no list: it is '3'"),
        ('{"a": {}}', "a.b", "a of list has no 'b': it is an object with the keys of nothing"),
        ("[" * 100_000, "", "is no JSON"),
    ],
)
def test_what_is_no_list_fails_the_item_and_says_what_is_there(text: str, path: str, told: str) -> None:
    each = EACH.model_copy(update={"foreach": Over(item="list", path=path)})
    run = Grown(LISTING, each, MERGE)
    state = run.drive(answers(text))
    (failed,) = [e for e in run.journal if isinstance(e, ItemFailed)]
    assert (failed.item, told in failed.message) == ("each", True), failed.message
    assert state.views["merge"].state is ItemState.SKIPPED


def test_the_list_may_lie_deep_in_the_result() -> None:
    each = EACH.model_copy(update={"foreach": Over(item="list", path="a.b")})
    run = Grown(LISTING, each)
    run.drive(answers('{"a": {"b": ["x"]}}'))
    assert run.joined() == ["each[0]"]


def test_items_of_the_list_get_the_other_results_and_inputs_of_the_whole() -> None:
    guide = Item(id="guide", description="Write a guide.")
    each = EACH.model_copy(update={"dependencies": ("list", "guide"), "inputs": {"tone": Content(text="dry")}})
    run = Grown(LISTING, guide, each)
    run.drive(answers(lists("x")))
    (task,) = [task for task in run.tasks if task.item.id == "each[0]"]
    assert task.results == {"guide": Content(text="guide")}
    assert dict(task.item.inputs) == {"tone": Content(text="dry"), "item": Content(text="x")}


def test_one_that_fails_names_itself_as_the_cause() -> None:
    run = Grown(LISTING, EACH, MERGE)
    state = run.drive({**answers(lists(1, 2)), "each[1]": BAD})
    assert {id_: view.state.value for id_, view in state.views.items()} == {
        "list": "complete",
        "each": "skipped",
        "merge": "skipped",
        "each[0]": "complete",
        "each[1]": "failed",
    }
    skipped = {e.item: e.cause for e in run.journal if e.type == "item_skipped"}
    assert skipped == {"each": "each[1]", "merge": "each[1]"}


def test_cancelling_the_whole_cancels_what_it_has_added() -> None:
    state = RunState("r", WorkGraph((LISTING, EACH)), "fake")
    owed = [*state.start(1, executors("a")), *state.handle(AgentAttached("a", 1, 1))]
    ended, given_up, asked = list[str](), list[str](), False
    while owed:
        match owed.pop(0):
            case Append(event, _):
                owed += state.handle(event)
                ended += [event.item] if isinstance(event, ItemCancelled) else []
            case Fetch(item, _):
                owed += state.handle(Fetched(item, (lists(1, 2, 3),)))
            case Submit(_, task) if task.item.id == "list":
                owed += state.handle(closed(task, answers("[]")["list"]))
            case Submit() if not asked:
                asked = True
                owed += state.handle(CancelRequested(run="r", target="each"))
            case Cancel(_, item, _):
                given_up.append(item)
    assert ended == ["each"]
    assert sorted(given_up) == ["each[0]", "each[1]", "each[2]"], "their agents are asked to give them up"


def test_what_is_added_for_a_cancelled_item_is_cancelled() -> None:
    run = Grown(LISTING, EACH)
    run.drive(answers(lists(1)))
    growth = next(event for event in run.journal if isinstance(event, ItemsAdded))
    before = run.journal[: run.journal.index(growth)]
    state = RunState("r", WorkGraph((LISTING, EACH)), "fake")
    state.replay(before)
    state.start(2, executors("a"))
    cancelled = state.handle(CancelRequested(run="r", target="each"))
    assert [command.event.item for command in cancelled if isinstance(command, Append)] == ["each"]  # type: ignore[union-attr]
    ends = state.handle(growth)  # it was on its way
    assert [command.event.item for command in ends if isinstance(command, Append)] == ["each[0]"]  # type: ignore[union-attr]


@given(st.integers(0, 2**32), st.integers(0, 6), st.integers(1, 6))
def test_a_driver_may_die_between_any_two_facts(seed: int, entries: int, kills: int) -> None:
    rng = Random(seed)
    run = Grown(LISTING, EACH, MERGE)
    state = run.drive(answers(lists(*range(entries))), rng, kills)
    assert {view.state for view in state.views.values()} <= TERMINAL
    assert run.joined() == [f"each[{n}]" for n in range(entries)]
    added = [item.id for e in run.journal if isinstance(e, ItemsAdded) for item in e.items]
    assert added == [f"each[{n}]" for n in range(entries)], "each was added once"


async def test_a_whole_run_on_a_real_store(store: GroupStore) -> None:
    long = "y" * 10_000
    entries = [long, "b", "c"]

    def answer(request: Request) -> str:
        text = request.messages[0].text
        return lists(*entries) if "List them." in text else "long " * 2000 if long in text else text[:40]

    record = await accepted(store, LISTING.model_copy(update={"output": None}), EACH, MERGE)
    agent = LocalAgent("e0", store, FakeModel(answer))
    try:
        async with asyncio.timeout(20):
            status = await Driver(await store.run("r"), store, {"e0": agent}, "d").drive()
    finally:
        await agent.stop()
    assert status is RunStatus.COMPLETED
    now = await store.run("r")
    assert now.items == 6
    assert [item.id for item in await store.items("r")] == ["list", "each", "merge", "each[0]", "each[1]", "each[2]"]
    events = await store.read("r", 0, 0)
    (joined,) = [event for event in events if isinstance(event, ItemJoined)]
    assert joined.outcome.data.ref
    texts = json.loads((await store.payloads([joined.outcome.data.ref]))[joined.outcome.data.ref])
    assert texts[0] == "long " * 2000
    view = RunView(await store.items("r"), record)
    for event in events:
        view.apply(event)
    assert view.items.counts["complete"] == 6 == len(view.items)
    assert view.items["each[1]"].parent == "each"
    assert sum(isinstance(event, ItemClosed) for event in events) == 5, "no attempt for the list itself"


def test_a_plan_says_what_is_done_with_each_entry(tmp_path: Path) -> None:
    file = tmp_path / "plan.yaml"
    file.write_text(
        """
limits: {fan_out: 7}
items:
  - {id: list, description: List them., output: {type: object}}
  - id: each
    foreach:
      over: {item: list, path: sources.urls}
      item: {description: Do it., agent: reviewer, inputs: {tone: {text: dry}}}
  - {id: merge, description: Merge., dependencies: [each]}
"""
    )
    plan = load(file)
    assert plan.limits == Limits(fan_out=7)
    assert plan.graph.by_id["each"].foreach == Over(item="list", path="sources.urls")
    assert plan.graph.by_id["each"].dependencies == ("list",)
    assert plan.graph.by_id["each"].description == "Do it."


@pytest.mark.parametrize(
    ("item", "told"),
    [
        ("{id: b, foreach: {item: {description: x}}}", "the key over is missing"),
        ("{id: b, foreach: {over: {item: a}}}", "the key item is missing"),
        ("{id: b, foreach: {item: {description: x}, over: {item: c}}}", 'no item "c"'),
        ("{id: b, foreach: {item: {description: x}, over: {item: b}}}", '"b" depends on itself'),
        ("{id: b, description: y, foreach: {item: {description: x}, over: {item: a}}}", 'unknown key "description"'),
        ("{id: b, foreach: {item: {description: x, id: y}, over: {item: a}}}", 'unknown key "id"'),
        ("{id: b, foreach: {item: {description: x, inputs: {item: {text: y}}}, over: {item: a}}}", "is the entry"),
        ("{id: 'a[0]', foreach: {item: {description: x}, over: {item: a}}}", ""),
        ("{id: b, foreach: 3}", "expected a mapping of item and over"),
    ],
)
def test_what_is_wrong_with_a_loop_is_told(tmp_path: Path, item: str, told: str) -> None:
    file = tmp_path / "plan.yaml"
    file.write_text(f"items:\n- {{id: a, description: x}}\n- {item}\n")
    if not told:
        load(file)
        return
    with pytest.raises(PlanRefused) as caught:
        load(file)
    assert told in str(caught.value)


def test_an_id_that_a_loop_may_need_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "plan.yaml"
    loop = "{id: b, foreach: {item: {description: x}, over: {item: a}}}"
    file.write_text(f"items:\n- {{id: a, description: x}}\n- {loop}\n- {{id: 'b[0]', description: x}}\n")
    with pytest.raises(PlanRefused, match="may be the id of an item"):
        load(file)


def test_a_revised_plan_keeps_the_whole_and_not_what_it_was_made_of() -> None:
    run = Grown(LISTING, EACH, MERGE)
    made = {**answers(lists(1, 2)), "merge": BAD}
    made["list"] = Result(data=Content(text=lists(1, 2)), model="fake", json_data=True, prompt=VERSIONS[Role.EXECUTOR])
    run.drive(made)
    items = [LISTING, EACH, MERGE, *(i for e in run.journal if isinstance(e, ItemsAdded) for i in e.items)]
    record = RunRecord("r", None, "n", "d", "fake", 1, None, 1, len(items))
    old = earlier(record, items, run.journal)
    fates = {v.item: v.fate for v in compare(old, WorkGraph((LISTING, EACH, MERGE)), "fake", VERSIONS).verdicts}
    assert fates == {"list": Fate.KEPT, "each": Fate.KEPT, "merge": Fate.RUNS_AGAIN}, "what was added is not missed"
    other = EACH.model_copy(update={"description": "Do it otherwise."})
    changed = {v.item: v.fate for v in compare(old, WorkGraph((LISTING, other)), "fake", VERSIONS).verdicts}
    assert changed == {"list": Fate.KEPT, "each": Fate.RUNS_AGAIN, "merge": Fate.GONE}

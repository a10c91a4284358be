"""An orchestrator's list of items grows the run: checked as a plan is, within the caps, whatever it says."""

import asyncio
import json
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.errors import ItemGrows, PlanRefused
from actors.events import ItemFailed, ItemsAdded, RunAccepted, TurnDone
from actors.models.blocks import Text
from actors.models.port import OnDelta, Reply, Request
from actors.roles.conversation import Conversation
from actors.roles.turns import Said
from actors.spending.budget import Budget
from actors.vocabulary.limits import Limits
from actors.work import (
    TERMINAL,
    Content,
    Expand,
    FailureKind,
    Grows,
    Item,
    Outcome,
    Result,
    Role,
    RunStatus,
    Task,
    Turn,
    Usage,
    Want,
)
from cluster.driving.driver import Driver
from cluster.plan import load
from cluster.plan.schema import PROPOSAL
from tests.support.fakes import NO_TOOLS, FakeModel, LocalAgent, accepted, course_of, open_store
from tests.support.growths import Grown

EXPANDER = Item(id="plan", description="Plan it.", agent=Role.ORCHESTRATOR, expand=Expand.RUN, output=PROPOSAL)
AFTER = Item(id="after", description="After.", dependencies=("plan",))


def proposes(*items: dict[str, Any], turn: int = 1) -> Grows:
    text = Content(text=json.dumps({"items": items}))
    return Grows(wants=(Want(turn=turn, text=text),), model="fake")


def entry(id_: str, *dependencies: str, **more: Any) -> dict[str, Any]:
    return {"id": id_, "description": f"Do {id_}.", "dependencies": list(dependencies), **more}


def test_its_items_are_done_and_their_results_are_its_own() -> None:
    run = Grown(EXPANDER, AFTER)
    state = run.drive({"plan": proposes(entry("b", "a"), entry("a"))})
    assert state.status is RunStatus.COMPLETED
    assert run.joined("plan") == {"a": "plan[a]", "b": "plan[b]"}
    tasks = {task.item.id: task for task in run.tasks}
    assert tasks["plan[b]"].results == {"plan[a]": Content(text="plan[a]")}
    assert tasks["after"].results["plan"].text == '{"a": "plan[a]", "b": "plan[b]"}'
    assert [task.item.id for task in run.tasks].count("plan") == 1, "it is asked once"


def test_a_list_over_a_result_may_be_among_them() -> None:
    loop = {"id": "each", "foreach": {"item": {"description": "One."}, "over": {"item": "list"}}}
    run = Grown(EXPANDER)
    made = Result(data=Content(text="[1, 2]"), model="fake", json_data=True)
    run.drive({"plan": proposes(entry("list"), loop), "plan[list]": made})
    assert run.joined("plan") == {"list": "[1, 2]", "each": ["plan[each][0]", "plan[each][1]"]}


TESTED = {"gates": ["tests_passing"], "tests": ["sh", "-c", "touch owned"]}
CASES = [
    ([entry("a", "b"), entry("b", "a")], "cycle of 2 items"),
    ([entry("a", "nowhere")], 'no item "nowhere"'),
    ([entry("a"), entry("a")], "is there twice"),
    ([], "the plan has no items"),
    ([entry("a", tools=["command"])], "a cannot have command"),
    ([entry("a", model="claude-opus-4-5")], "must not name a model"),
    ([entry("a", inputs={"x": {"file": "/etc/passwd"}})], "files cannot be named here"),
    ([entry("a", agent="orchestrator", expand=True)], "must not name a model, a phase or expand"),
    ([entry("a", review=TESTED)], "the review of a must not name a model or a command"),
    ([entry("a", review={"model": "claude-opus-4-6"})], "the review of a must not name a model or a command"),
    (
        [entry("a"), {"id": "b", "foreach": {"over": {"item": "a"}, "item": {"description": "x", "review": TESTED}}}],
        "the review of b must not name a model or a command",
    ),
    ([entry("a", workspace={"files": "/etc"})], 'unknown key "workspace"'),
    ([entry("../../a")], "contains the character"),
    ([entry("a" * 250)], "too long to name a file"),
    ([entry(f"i{n}") for n in range(101)], "there would be 101 items for this one item, and 100 is the most"),
]


@pytest.mark.parametrize(("items", "told"), CASES, ids=[told for _, told in CASES])
def test_a_mistake_is_told_and_asked_about_once(items: list[dict[str, Any]], told: str) -> None:
    def answer(task: Task) -> Outcome:
        return proposes(entry("fine"), turn=2) if task.turns else proposes(*items)

    run = Grown(EXPANDER)
    state = run.drive({"plan": answer})
    (again,) = [task for task in run.tasks if task.item.id == "plan" and task.turns]
    assert told in again.turns[0].complaint
    assert state.status is RunStatus.COMPLETED
    assert run.joined("plan") == {"fine": "plan[fine]"}


def test_a_second_mistake_is_the_end_and_names_it() -> None:
    run = Grown(EXPANDER, AFTER)
    state = run.drive({"plan": lambda task: proposes(entry("a", "b"), turn=len(task.turns) + 1)})
    (failed,) = [event for event in run.journal if isinstance(event, ItemFailed)]
    assert (failed.reason, 'no item "b"' in failed.message) == (FailureKind.INVALID_ANSWER, True)
    assert state.views["after"].state.value == "skipped"


def test_a_draft_is_checked_and_not_done() -> None:
    run = Grown(EXPANDER.model_copy(update={"expand": Expand.DRAFT}))
    run.drive({"plan": proposes(entry("a"))})
    assert run.joined("plan") == {"items": [entry("a")]}
    assert not [event for event in run.journal if isinstance(event, ItemsAdded)]


def test_a_draft_cannot_bring_a_command_either() -> None:
    run = Grown(EXPANDER.model_copy(update={"expand": Expand.DRAFT}))
    run.drive({"plan": lambda task: proposes(entry("a", review=TESTED), turn=len(task.turns) + 1)})
    (failed,) = [event for event in run.journal if isinstance(event, ItemFailed)]
    assert "must not name a model or a command" in failed.message


names = st.sampled_from(["a", "b", "c", "plan", "after", "each[0]", "../x", ""])
evil = st.fixed_dictionaries(
    {"id": names, "description": st.text(max_size=50)},
    optional={
        "dependencies": st.lists(names, max_size=3),
        "tools": st.lists(st.sampled_from(["command", "subagents", "files:read"]), max_size=2),
        "agent": st.sampled_from([*Role, "root"]),
        "expand": st.booleans(),
        "foreach": st.just({"item": {"description": "x"}, "over": {"item": "a"}}),
        "parent": names,
        "priority": st.integers(-5, 50),
    },
)


@given(
    st.lists(st.lists(evil, max_size=8), min_size=1, max_size=3),
    st.builds(Limits, items=st.integers(0, 6), fan_out=st.integers(0, 6), depth=st.integers(0, 2)),
    st.integers(0, 2**32),
    st.integers(0, 3),
    st.integers(0, 40_000),
)
def test_whatever_an_expander_says_the_caps_and_the_budget_hold(
    proposals: list[list[dict[str, Any]]], limits: Limits, seed: int, kills: int, tokens: int
) -> None:
    def evil_answer(task: Task) -> Outcome:
        used = Usage(output_tokens=task.allowance.tokens or 0) if task.allowance else Usage()
        said = proposals[min(len(task.turns), len(proposals) - 1)]
        return proposes(*said, turn=len(task.turns) + 1).model_copy(update={"usage": used, "cost_usd": 0.0})

    run = Grown(EXPANDER, AFTER, limits=limits)
    (first,) = run.journal
    assert isinstance(first, RunAccepted)
    run.journal = [first.model_copy(update={"budget": Budget(tokens=tokens)})]
    state = run.drive({"plan": evil_answer}, Random(seed), kills)
    added = [item for event in run.journal if isinstance(event, ItemsAdded) for item in event.items]
    assert len(added) <= limits.items
    for parent in {item.parent for item in added}:
        assert sum(item.parent == parent for item in added) <= limits.fan_out
    assert not added or limits.depth
    assert not any(item.tools or item.model or item.expand for item in added)
    assert {view.state for view in state.views.values()} <= TERMINAL or state.status in (
        RunStatus.PAUSED,
        RunStatus.WAITING,
    )
    assert state._placement.budget.run.spent_tokens <= tokens
    assert sum(state.tally().values()) == 2 + len(added)


class Planner(FakeModel):
    """Proposes one list after the other, and does what is in them."""

    def __init__(self, *proposals: dict[str, Any]) -> None:
        super().__init__()
        self._proposals = proposals

    async def complete(self, request: Request, on_delta: OnDelta | None = None) -> Reply:
        """See Model."""
        reply = await super().complete(request, on_delta)
        if request.output is None:
            return reply
        said = self._proposals[sum(message.role == "assistant" for message in request.messages)]
        return reply.model_copy(update={"text": json.dumps(said), "parsed": said})


async def test_the_mistakes_are_in_the_next_question_also_after_a_crash(tmp_path: Path) -> None:
    model = Planner({"items": [entry_for_model("a", "b")]}, {"items": [entry_for_model("a")]})
    store = open_store(tmp_path)
    await accepted(store, EXPANDER)
    planner, doer = LocalAgent("o0", store, model, role=Role.ORCHESTRATOR), LocalAgent("e0", store, model)
    try:
        async with asyncio.timeout(20):
            status = await Driver(await store.run("r"), store, {"o0": planner, "e0": doer}, "d").drive()
        events = await store.read("r", 0, 0)
    finally:
        await planner.stop()
        await doer.stop()
        await store.close()
    assert status is RunStatus.COMPLETED
    asked = [request for request in model.requests if request.output]
    assert len(asked) == 2
    assert 'no item "b"' in asked[1].messages[-1].said
    said_twice = [event for event in events if isinstance(event, TurnDone)]
    assert [event.turn for event in said_twice] == [1, 2]


async def test_a_list_that_was_said_before_a_crash_is_not_asked_for_again() -> None:
    text = json.dumps({"items": [entry_for_model("a")]})
    said = Content(text=Said(blocks=(Text(text=text),)).model_dump_json())
    model = FakeModel(lambda _: "must not be asked")
    task = Task(run="r", item=EXPANDER, epoch=2, attempt=1, model="fake", turns=(Turn(said=said),))
    with pytest.raises(ItemGrows) as caught:
        await Conversation(model, course_of(task), NO_TOOLS, {}).hold(Request(model="fake", messages=(), max_tokens=9))
    assert (caught.value.wants, model.requests) == (((1, 0, text),), [])


def entry_for_model(id_: str, *dependencies: str) -> dict[str, Any]:
    return {"id": id_, "description": "x", "agent": "executor", "dependencies": list(dependencies)}


def test_a_plan_lets_an_orchestrator_expand(tmp_path: Path) -> None:
    file = tmp_path / "plan.yaml"
    file.write_text("items: [{id: a, description: x, agent: orchestrator, expand: true}]")
    (item,) = load(file).graph.items
    assert (item.expand, item.output) == (Expand.RUN, PROPOSAL)
    for wrong, told in (
        ("{id: a, description: x, expand: true}", "only an orchestrator"),
        ("{id: a, description: x, agent: orchestrator, expand: true, output: {}}", "no output schema of its own"),
        ("{id: a, description: x, agent: orchestrator, expand: 3}", "expected true or false"),
    ):
        file.write_text(f"items: [{wrong}]")
        with pytest.raises(PlanRefused, match=told):
            load(file)

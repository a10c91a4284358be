"""Sub-agents: real items that other agents do, once each whatever dies, and their results as the call's result."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.events import Granted, ItemClosed, ItemsAdded, RunAccepted
from actors.models.blocks import ToolCall, ToolResult
from actors.models.port import OnDelta, Reply, Request, StopReason
from actors.spending.budget import Budget
from actors.stores.group import GroupStore
from actors.tools.subagent import NAME, SpawnSubagent
from actors.tools.toolbox import Toolbox
from actors.vocabulary.limits import Limits
from actors.work import TERMINAL, Content, Grows, Item, ItemState, Outcome, Result, RunStatus, Task, Want
from cluster.driving.driver import Driver
from tests.support.fakes import LocalAgent, accepted, open_store
from tests.support.growths import Answer, Grown
from tests.support.runs import BAD

TOOLS = ("files:read", "files:write", "subagents")
PARENT = Item(id="p", description="Do it all.", tools=TOOLS)


def asks(**changes: Any) -> dict[str, Any]:
    """The arguments of a call."""
    said = {"description": "A part.", "success_criteria": ["done"], "hand_back": "a text", "if_it_fails": "go on"}
    return {**said, **changes}


def wants(*calls: dict[str, Any], turn: int = 1) -> Grows:
    texts = (Content(text=json.dumps(call)) for call in calls)
    return Grows(wants=tuple(Want(turn=turn, call=n, text=text) for n, text in enumerate(texts, 1)), model="fake")


def once(*calls: dict[str, Any]) -> Answer:
    """Calls in the first turn, then an answer."""

    def answer(task: Task) -> Outcome:
        return Result(data=Content(text="all"), model="fake") if task.turns and task.turns[0].ran else wants(*calls)

    return answer


def granted(run: Grown) -> list[Granted]:
    return [one for event in run.journal if isinstance(event, ItemsAdded) for one in event.granted]


def test_results_come_back_as_the_results_of_the_calls() -> None:
    run = Grown(PARENT)
    state = run.drive({"p": once(asks(description="One."), asks(description="Two."))})
    assert state.status is RunStatus.COMPLETED
    (last,) = [task for task in run.tasks if task.item.id == "p" and task.turns]
    ran = last.turns[0].ran
    assert {call: (one.result.text, one.is_error, one.by) for call, one in ran.items()} == {
        1: ("p[1.1]", False, "p[1.1]"),
        2: ("p[1.2]", False, "p[1.2]"),
    }
    child = next(task.item for task in run.tasks if task.item.id == "p[1.1]")
    assert (child.parent, child.tools, child.dependencies) == ("p", (), ())
    assert child.description == "One.\n\nIt is done when:\n- done\n\nHand back: a text"
    assert last.attempt == 1, "waiting is no attempt"
    assert sum(state.tally().values()) == 3


@pytest.mark.parametrize(
    "review", [{"gates": ["tests_passing"], "tests": ["sh", "-c", "touch owned"]}, {"model": "claude-opus-4-6"}, {}]
)
def test_a_call_cannot_bring_a_review(review: dict[str, Any]) -> None:
    run = Grown(PARENT)
    run.drive({"p": once(asks(review=review))})
    (one,) = granted(run)
    assert (one.item, "the call cannot be understood" in (one.refusal or "")) == (None, True)
    assert {task.item.id for task in run.tasks} == {"p"}


def test_a_failure_comes_back_as_the_result_of_the_call() -> None:
    run = Grown(PARENT)
    state = run.drive({"p": once(asks()), "p[1.1]": BAD})
    last = run.tasks[-1]
    ran = last.turns[0].ran[1]
    assert (ran.is_error, "did not finish: no; do now what you said under if_it_fails" in (ran.result.text or "")) == (
        True,
        True,
    )
    assert state.views["p"].state is ItemState.COMPLETE


@pytest.mark.parametrize(
    ("calls", "told"),
    [
        ([asks(tools=["command"])], "you cannot give command away"),
        ([asks(description=" ")], "says nothing"),
        ([asks(), asks()], "p[1.1] does the same work"),
        (
            [asks(tools=["files:write"]), asks(description="B.", tools=["files:write"])],
            "p[1.1] may change the same files at the same time",
        ),
        ([{"description": "x"}], "the call cannot be understood"),
    ],
)
def test_what_breaks_a_condition_is_refused_and_the_item_hears_why(calls: list[dict[str, Any]], told: str) -> None:
    run = Grown(PARENT)
    run.drive({"p": once(*calls)})
    refusal = granted(run)[-1].refusal
    assert told in refusal
    ran = run.tasks[-1].turns[0].ran[len(calls)]
    assert (ran.result.text, ran.is_error) == (f"refused: {refusal}", True)
    assert len([one for one in granted(run) if one.item]) == len(calls) - 1


def test_the_work_that_an_item_was_given_is_not_handed_on() -> None:
    run = Grown(PARENT, limits=Limits(depth=9))
    again = asks(tools=["subagents"])
    state = run.drive({"p": once(again), "p[1.1]": once(again)})
    assert [bool(one.item) for one in granted(run)] == [True, False]
    assert "this is the work that you were given" in granted(run)[1].refusal
    assert state.status is RunStatus.COMPLETED


@pytest.mark.parametrize(
    ("limits", "told"),
    [
        (Limits(items=1), "2 items beyond the plan, and 1 is the most"),
        (Limits(fan_out=1), "2 items for this one item, and 1 is the most"),
    ],
)
def test_calls_over_a_cap_are_refused_with_the_counts(limits: Limits, told: str) -> None:
    run = Grown(PARENT, limits=limits)
    run.drive({"p": once(asks(), asks(description="B."))})
    assert [bool(one.item) for one in granted(run)] == [True, False]
    assert told in granted(run)[1].refusal


def test_a_budget_without_room_refuses_them() -> None:
    run = Grown(PARENT.model_copy(update={"model": "claude-haiku-4-5"}))
    (accepted_,) = run.journal
    assert isinstance(accepted_, RunAccepted)
    run.journal = [accepted_.model_copy(update={"budget": Budget(tokens=8_000)})]
    run.drive({"p": once(asks(inputs={"long": "x" * 40_000}))})
    assert "what is left of the run's budget is too little" in granted(run)[0].refusal


@given(st.integers(0, 2**32), st.integers(1, 5), st.integers(1, 6))
def test_whatever_dies_each_is_begun_once_and_answered_once(seed: int, calls: int, kills: int) -> None:
    run = Grown(PARENT, limits=Limits(depth=3))
    parts = [asks(description=f"Part {n}.", tools=["subagents"]) for n in range(calls)]
    deep = once(asks(description="Deeper."))
    state = run.drive({"p": once(*parts), "p[1.1]": deep}, Random(seed), kills)
    assert {view.state for view in state.views.values()} <= TERMINAL
    added = [item.id for e in run.journal if isinstance(e, ItemsAdded) for item in e.items]
    assert sorted(added) == sorted(["p[1.1][1.1]", *(f"p[1.{n + 1}]" for n in range(calls))])
    ended = [e.item for e in run.journal if isinstance(e, ItemClosed) and isinstance(e.outcome, Result)]
    assert sorted(ended) == sorted(["p", *added]), "each was paid for once"
    assert set(run.tasks[-1].turns[0].ran) == set(range(1, calls + 1))


class Boss:
    """A model that spawns two in its first turn and repeats what it got; a sub-agent answers in capitals."""

    def __init__(self) -> None:
        self.requests: list[Request] = []

    async def complete(self, request: Request, on_delta: OnDelta | None = None) -> Reply:
        """See Model."""
        self.requests.append(request)
        text = request.messages[0].text
        if "Do it all." not in text:
            return Reply(text=text.split(".")[0].upper(), stop=StopReason.END, model="fake")
        if len(request.messages) == 1:
            both = [asks(description="One."), asks(description="Two.")]
            wishes = tuple(ToolCall(id=f"c{n}", name=NAME, input=one) for n, one in enumerate(both))
            return Reply(text="", blocks=wishes, stop=StopReason.TOOL_USE, model="fake")
        results = [block.text for block in request.messages[-1].blocks if isinstance(block, ToolResult)]
        return Reply(text="; ".join(results), stop=StopReason.END, model="fake")

    async def close(self) -> None:
        """Nothing is open."""


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[GroupStore]:
    made = open_store(tmp_path)
    yield made
    await made.close()


async def test_a_pool_of_one_slot_does_it_all(store: GroupStore) -> None:
    await accepted(store, PARENT)
    model = Boss()
    agent = LocalAgent("e0", store, model, concurrency=1, tools=Toolbox([SpawnSubagent(TOOLS)]))
    try:
        async with asyncio.timeout(20):
            status = await Driver(await store.run("r"), store, {"e0": agent}, "d").drive()
    finally:
        await agent.stop()
    assert status is RunStatus.COMPLETED
    closed = [event for event in await store.read("r", 0, 0) if isinstance(event, ItemClosed)]
    assert [(event.item, event.outcome.kind) for event in closed] == [
        ("p", "grows"),
        ("p[1.1]", "result"),
        ("p[1.2]", "result"),
        ("p", "result"),
    ]
    answer = closed[-1].outcome
    assert isinstance(answer, Result)
    assert "ONE" in (answer.data.text or "")
    assert 'tool="spawn_subagent" item="p[1.2]"' in (answer.data.text or ""), "what it said is marked as data"
    assert len(model.requests) == 4, "no turn is asked for twice"


async def test_a_call_that_does_not_fit_is_told_at_once(store: GroupStore) -> None:
    tools = Toolbox([SpawnSubagent(TOOLS)])
    result = await tools.call(NAME, {"description": "x"}, "k")
    assert result.error
    assert "success_criteria" in result.text
    foreign = await tools.call(NAME, asks(tools=["command"]), "k")
    assert foreign.error

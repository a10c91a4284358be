"""What a campaign's model says: each version of a reviewed work is asked for, judged and corrected as one thing."""

import json
from random import Random

import pytest

from actors.events import Event, ItemAssigned, ItemClosed, ItemFailed, ItemQuarantined, TurnDone
from actors.vocabulary.review import Consolidated
from actors.work import Content, FailureKind, Grows, ItemState, Lost, Result, Want
from cluster.run.due import due
from cluster.run.facts import Facts
from cluster.run.growing import story_of
from cluster.run.item_view import ItemView
from tests.campaign.lines import Asked, Lines, tag_of
from tests.campaign.model import errors
from tests.campaign.plans import SHAPES, draw
from tests.campaign.story import finished_at
from tests.messages_server.exchange import Call
from tests.support.reviews import verdict

TAG = "run0/r0"
WORK = f"Do [item:{TAG}]."
REVIEWS = "You review what another agent made of one work item."


def call(*said: str, system: str = "You carry out one work item.") -> Call:
    roles = ["user", "assistant"] * len(said)
    messages = [{"role": role, "content": text} for role, text in zip(roles, said, strict=False)]
    return Call(1, {}, json.dumps({"system": system, "messages": messages}).encode())


def test_work_is_the_version_after_the_newest_that_it_is_told_of() -> None:
    lines = Lines(TAG, "made", passes=3)
    assert lines.asked(call(WORK)) == Asked(TAG, "work", 1, 1)
    again = f"{WORK} Before: made {TAG}#v1. Review: {TAG}#v1 is wrong."
    assert lines.asked(call(again)) == Asked(TAG, "work", 1, 2)
    assert lines.asked(call(WORK + " made run0/r00#v7 made other-run0/r0 #v8")).version == 1, "that is another item's"


def test_the_other_steps_are_about_the_newest_version() -> None:
    lines = Lines(TAG, "made", passes=3)
    assert lines.asked(call(f"{WORK} made {TAG}#v2", system=REVIEWS)) == Asked(TAG, "review", 1, 2)
    asked = call(f"{TAG}#v1 is wrong. {TAG}#v2 is wrong. {WORK}", system="You condense material for an agent that")
    assert lines.asked(asked) == Asked(TAG, "consolidate", 1, 2)
    assert lines.asked(call(WORK, system="You find out what a work item asks for.")).purpose == "extract"


def test_a_tag_and_its_turn() -> None:
    lines = Lines(TAG, "made", [["a tool"]])
    asked = lines.asked(call(WORK, "calls a tool", "it said"))
    assert (asked.turn, tag_of(call(WORK, "[item:run0/other]", "x"))) == (2, TAG)


def done(number: int) -> TurnDone:
    return TurnDone(run="r", item="r0", epoch=1, agent="e", turn=number, said=Content(text="{}"), model="m")


def closed(outcome: object) -> ItemClosed:
    fields = {"run": "r", "item": "r0", "epoch": 1, "attempt": 1, "agent": "e", "generation": 1, "outcome": outcome}
    return ItemClosed.model_validate(fields)


MADE = Result(data=Content(text="made"), model="m")
BETTER = Consolidated(model="m", text=Content(text="do it right"), reviews=2, cost_usd=0.0)


def test_when_each_thing_was_finished_is_told_by_version_and_turn() -> None:
    events: list[Event] = [
        ItemAssigned(run="r", item="r0", epoch=1, attempt=1, agent="e", model="m", term=1),
        done(1),
        closed(Lost(message="gone")),
        done(2),
        closed(Grows(wants=(Want(turn=2, call=1, text=Content(text="more")),), model="m")),
        closed(MADE),
        closed(verdict(passed=False)),
        done(3),
        closed(MADE),
        closed(verdict(passed=False)),
        closed(BETTER),
    ]
    found = finished_at([e.model_copy(update={"at": float(n)}) for n, e in enumerate(events)], {"r0": TAG})
    assert found == {
        Asked(TAG, "work", 1, 1): 1.0,
        Asked(TAG, "work", 2, 1): 3.0,
        Asked(TAG, "work", 3, 1): 5.0,
        Asked(TAG, "review", 1, 1): 6.0,
        Asked(TAG, "work", 1, 2): 7.0,
        Asked(TAG, "work", 2, 2): 8.0,
        Asked(TAG, "review", 1, 2): 9.0,
        Asked(TAG, "consolidate", 1, 2): 10.0,
    }


@pytest.mark.parametrize("mixed", [False, True])
def test_every_plan_can_be_accepted(mixed: bool) -> None:
    rng = Random("plans")
    for number in range(1 if mixed else len(SHAPES)):
        plan = draw(rng, number, mixed=mixed)
        ids = [item["id"] for item in plan.body["items"]]
        assert len(set(ids)) == len(ids)
        assert set(plan.ends) == {*ids, *plan.tags.values()}, "everything that a run has or grows by has its end"
        assert set(plan.said) == set(plan.tags)


def told_by_a_tool(text: str) -> Call:
    result = {"type": "tool_result", "tool_use_id": "t", "is_error": True, "content": text}
    messages = [{"role": "user", "content": [result]}]
    return Call(1, {}, json.dumps({"messages": messages}).encode())


def test_a_tool_that_failed_is_odd_but_a_sub_agent_that_is_poison_is_for_the_verdict() -> None:
    view = ItemView(0, 0)
    view.state, view.last = ItemState.READY, Lost(message="executor-0 came back without it", suspect=True)
    owed = due(Facts("r"), "r0.1", view, cancelled=False)
    assert owed is not None
    assert isinstance(owed.event, ItemQuarantined)
    assert errors(told_by_a_tool(story_of(owed.event))) == []
    failed = ItemFailed(run="r", item="r0.1", term=1, attempts=1, reason=FailureKind.REFUSAL, message="declined")
    assert len(errors(told_by_a_tool(story_of(failed)))) == 1
    assert len(errors(told_by_a_tool("no such file"))) == 1

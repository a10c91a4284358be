"""Wire events: the table, what each row of the journal tells, and the orders per subject on random runs."""

import json
import random
import re
from collections import defaultdict
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.events import (
    AgentErrorRecorded,
    AgentFailed,
    AgentHealthDegraded,
    AgentHeartbeat,
    AgentResetRequested,
    AgentRestarted,
    AgentRestartRequested,
    AgentStarted,
    AgentStarting,
    AgentUnavailable,
    CancelRequested,
    ContinueRequested,
    Event,
    FleetBudgetSet,
    Granted,
    ItemAssigned,
    ItemCancelled,
    ItemFailed,
    ItemJoined,
    ItemQuarantined,
    ItemsAdded,
    ItemSkipped,
    ItemStarted,
    ModelAvailable,
    ModelHeld,
    ModelUnavailable,
    PauseRequested,
    PhaseChanged,
    RunAccepted,
    RunFinished,
    RunPaused,
    RunResumed,
    RunStarted,
    RunWaiting,
    ToolDone,
    TurnDone,
)
from actors.spending.budget import Budget
from actors.vocabulary.limits import Limits
from actors.vocabulary.phase import Phase
from actors.work import Content, FailureKind, Grows, Item, Lost, RestartCause, Result, Role, RunStatus
from dashboards.wire import docs
from dashboards.wire.events import WireEvent, tasks_of, wire
from dashboards.wire.table import COMMON, FIELDS, TYPES
from tests.support.histories import BAD, GONE, GOOD, assigned, beginnings, closed, items, legal, reuse
from tests.support.remembered import REMEMBERED
from tests.support.reviews import REVIEWED

PLAN = items(a=[], b="a")
TASKS = tasks_of(PLAN)
AT = {"seq": 7, "at": 1700000000.25}
ATTEMPT = {"item_id": "a", "agent_id": "executor-0", "epoch": 1, "attempt": 1}
SPENT = {"model": "scripted", "seconds": 4.2, "usage": GOOD.usage.model_dump(), "cost_usd": 0.01}
SPENT |= {"estimated_usd": 0.0, "effort": GOOD.effort.model_dump()}
BEGUN = {"item_id": "a", "agent_id": "executor-0", "epoch": 1, "generation": 1}

JOURNAL: list[Event] = [
    RunAccepted(run="r", name="plan", key="k", items=2, digest="d", model="scripted"),
    RunStarted(run="r", term=1, driver="d"),
    RunFinished(run="r", term=1, status=RunStatus.COMPLETED, counts={"complete": 2}),
    ItemAssigned(run="r", item="a", epoch=1, attempt=1, agent="executor-0", model="scripted", term=1),
    ItemStarted(run="r", item="a", epoch=1, agent="executor-0", generation=1),
    TurnDone(run="r", item="a", epoch=1, agent="executor-0", turn=1, said=Content(text="{}"), model="scripted"),
    ToolDone(run="r", item="a", epoch=1, agent="executor-0", turn=1, call=1, tool="read", result=Content(text="x")),
    closed("a", GOOD),
    closed("a", GOOD, started=False),
    closed("a", BAD),
    closed("a", BAD, started=False),
    closed("a", GONE),
    closed("a", Lost(message="it crashed", suspect=True)),
    reuse("a"),
    ItemsAdded(run="r", item="a", items=(Item(id="a[0]", description="x", parent="a"),), term=1),
    ItemJoined(run="r", item="a", outcome=GOOD, term=1),
    closed("a", Grows(wants=(), model="m")),
    ItemsAdded(
        run="r",
        item="a",
        items=(Item(id="a[1.1]", description="x", parent="a"),),
        granted=(Granted(turn=1, call=1, item="a[1.1]"), Granted(turn=1, call=2, refusal="no")),
        term=1,
    ),
    *REVIEWED,
    RunWaiting(run="r", term=1, reason="no model"),
    ItemQuarantined(run="r", item="a", message="it killed again", term=1),
    AgentErrorRecorded(agent="executor-0", generation=1, message="KeyError", count=3),
    AgentHealthDegraded(agent="executor-0", count=3, is_healthy=True),
    AgentRestarted(agent="executor-0", generation=1, cause=RestartCause.HANG, reason="its loop stood still"),
    AgentFailed(agent="executor-0", reason="4 restarts in 60 s"),
    AgentHeartbeat(agent="executor-0", generation=1),
    AgentRestartRequested(agent="executor-0"),
    AgentResetRequested(agent="executor-0"),
    FleetBudgetSet(budget=Budget(usd=1.5)),
    FleetBudgetSet(budget=None),
    ModelUnavailable(model="m", reason="no such host"),
    ModelHeld(model="m", by="requests", waiting=4, in_flight=1, held_s=12.0, limit=50, left=0),
    ModelAvailable(model="m", probe=True),
    *REMEMBERED,
    ItemAssigned(
        run="r",
        item="a",
        epoch=2,
        attempt=2,
        agent="executor-0",
        model="scripted",
        term=1,
        after=FailureKind.TIMEOUT,
    ),
    ItemFailed(run="r", item="a", attempts=1, reason=FailureKind.REFUSAL, message="no", term=1),
    ItemSkipped(run="r", item="b", cause="a", term=1),
    RunPaused(run="r", term=1, reason="by request"),
    RunResumed(run="r", term=1),
    PhaseChanged(run="r", before=Phase.FULL_SPEC_TO_PLAN, after=Phase.PLAN_TO_ARTIFACTS, term=1),
    ItemCancelled(run="r", item="a", term=1),
    CancelRequested(run="r"),
    CancelRequested(run="r", target="a"),
    PauseRequested(run="r"),
    ContinueRequested(run="r"),
    ContinueRequested(run="r", target="a", budget=Budget(usd=1)),
    ContinueRequested(run="r", limits=Limits(fan_out=5)),
    AgentStarting(agent="executor-0", role=Role.EXECUTOR),
    AgentStarted(agent="executor-0", role=Role.EXECUTOR, generation=2, pid=7, node="n"),
    AgentUnavailable(agent="executor-0", role=Role.EXECUTOR, reason="no memory"),
]


def told(event: Event) -> list[WireEvent]:
    return wire(event.model_copy(update=AT), TASKS)


def bare(event: Event) -> list[tuple[str, WireEvent]]:
    """Types with the fields that not every event has."""
    return [(one["type"], {k: v for k, v in one.items() if k not in COMMON}) for one in told(event)]


def test_the_samples_are_every_type_of_the_journal() -> None:
    kinds = get_args(get_args(Event)[0])
    assert {type(event) for event in JOURNAL} == set(kinds)


def test_every_type_of_the_table_is_told_by_some_row_and_no_other() -> None:
    assert {one["type"] for event in JOURNAL for one in told(event)} == set(TYPES)


@pytest.mark.parametrize("event", JOURNAL, ids=lambda event: event.type)
def test_events_have_exactly_the_fields_of_the_table(event: Event) -> None:
    for one in told(event):
        kind = TYPES[one["type"]]
        required = {*COMMON, *kind.fields}
        assert required <= one.keys() <= required | set(kind.optional)
        assert json.loads(json.dumps(one)) == one


def test_every_field_is_explained_and_every_explained_field_is_used() -> None:
    used = {*COMMON, *(field for kind in TYPES.values() for field in (*kind.fields, *kind.optional))}
    assert used == set(FIELDS)


def test_optional_fields_are_sometimes_there_and_sometimes_not() -> None:
    seen = [one for event in JOURNAL for one in told(event)]
    for name, kind in TYPES.items():
        for field in kind.optional:
            assert {field in one for one in seen if one["type"] == name} == {True, False}


def test_every_event_says_when_and_whose_it_is() -> None:
    one = told(JOURNAL[0])[0]
    assert (one["seq"], one["at"], one["timestamp"], one["run"]) == (7, AT["at"], "2023-11-14T22:13:20.250Z", "r")
    assert told(AgentStarting(agent="executor-0", role=Role.EXECUTOR))[0]["run"] is None


def test_an_assignment_carries_the_task() -> None:
    rest = {"task": "do a", "model": "scripted", "term": 1, "alone": False, "purpose": "work"}
    assert bare(JOURNAL[3]) == [("work_item_assigned", {**ATTEMPT, **rest})]


def test_an_assignment_after_a_failure_is_a_retry_for_that_reason() -> None:
    again = assigned("a", 2, 2).model_copy(update={"after": FailureKind.AGENT_FAULT})
    (name, fields), (second, _) = bare(again)
    assert (name, second) == ("work_item_retried", "work_item_assigned")
    assert fields == {"item_id": "a", "reason": "agent_fault", "attempt": 2}


def test_an_agent_that_is_given_up_is_told_by_another_name_than_one_that_failed_a_task() -> None:
    gave_up = bare(AgentFailed(agent="executor-0", reason="4 restarts in 60 s"))
    assert gave_up == [("agent_given_up", {"agent_id": "executor-0", "reason": "4 restarts in 60 s"})]


def test_a_fault_and_a_restart_carry_the_real_message() -> None:
    fault = bare(AgentErrorRecorded(agent="executor-0", generation=1, message="KeyError: 'x'", count=3))
    told = {"agent_id": "executor-0", "generation": 1}
    assert fault == [("agent_error_recorded", {**told, "error_count": 3, "error_message": "KeyError: 'x'"})]
    restart = AgentRestarted(agent="executor-0", generation=1, cause=RestartCause.HANG, reason="its loop stood still")
    why = {"restart_cause": "hang", "reason": "its loop stood still"}
    assert bare(restart) == [("agent_restarted", {**told, **why})]


def test_a_start_is_the_items_and_the_agents() -> None:
    assert bare(JOURNAL[4]) == [("work_item_started", BEGUN), ("agent_started", {**BEGUN, "task": "do a"})]


def test_a_result_ends_the_agents_task_and_completes_the_item() -> None:
    agent = {**ATTEMPT, "generation": 1, "result": {"text": "done"}, "truncated": False, "memory_ids": [], **SPENT}
    ends = [("agent_completed", agent), ("work_item_completed", {**ATTEMPT, **SPENT})]
    assert bare(closed("a", GOOD)) == ends
    assert bare(closed("a", GOOD, started=False)) == [*bare(JOURNAL[4]), *ends]


def test_a_long_result_is_told_by_its_hash() -> None:
    one = bare(closed("a", Result(data=Content(ref="f" * 64), model="m")))[0]
    assert one[1]["result"] == {"ref": "f" * 64}


def test_a_failure_ends_the_agents_task_and_nothing_of_the_item() -> None:
    ((name, fields),) = bare(closed("a", BAD))
    assert (name, fields["error"], fields["reason"]) == ("agent_failed", BAD.message, "refusal")
    names = [name for name, _ in bare(closed("a", BAD, started=False))]
    assert names == ["work_item_started", "agent_started", "agent_failed"]


def test_a_lost_attempt_is_told_of_the_item_only() -> None:
    assert bare(closed("a", GONE)) == [
        ("work_item_lost", {**ATTEMPT, "generation": 1, "error": GONE.message, "suspect": False})
    ]
    assert bare(closed("a", GONE, started=False)) == bare(closed("a", GONE))


def test_a_reused_result_is_told_with_its_origin_and_without_what_it_cost() -> None:
    answer = {"result": {"text": "done"}, "truncated": False, "memory_ids": []}
    assert bare(reuse("a")) == [
        ("work_item_reused", {"item_id": "a", "origin": "older", "model": "scripted", **answer})
    ]


def test_a_new_generation_has_no_task() -> None:
    ((name, fields),) = bare(JOURNAL[-2])
    assert name == "agent_started"
    assert fields == {"agent_id": "executor-0", "role": "executor", "generation": 2, "pid": 7, "node": "n"}


LETTER = {
    "work_item_assigned": "a",
    "work_item_started": "s",
    "work_item_completed": "c",
    "work_item_failed": "f",
    "work_item_lost": "l",
    "work_item_retried": "t",
    "work_item_quarantined": "q",
    "work_item_reused": "r",
    "work_item_skipped": "k",
    "work_item_cancelled": "x",
    "agent_started": "S",
    "agent_completed": "C",
    "agent_failed": "F",
}
ITEM_ORDER = re.compile(r"r|(as?l|ast)*(asc|asf|as?lq|(as)?x|k)")
TASK_ORDER = re.compile(r"S?|SC|SF")


@given(st.integers(0, 2**32).map(random.Random))
def test_the_order_per_item_and_per_agents_task_is_kept(rng: random.Random) -> None:
    plan = items(a=[], b=[], c="ab", d="c", e="a")
    per_item: defaultdict[str, str] = defaultdict(str)
    per_task: defaultdict[tuple[str, int], str] = defaultdict(str)
    for event, _ in legal(plan, rng, wishes=0.05, reused=beginnings(plan, rng)):
        for one in wire(event, tasks_of(plan)):
            letter = LETTER.get(one["type"], "")
            if one["type"].startswith("work_item"):
                per_item[one["item_id"]] += letter
            elif "epoch" in one:
                per_task[one["item_id"], one["epoch"]] += letter
    assert per_item.keys() == {item.id for item in plan}
    assert [order for order in per_item.values() if not ITEM_ORDER.fullmatch(order)] == []
    assert [order for order in per_task.values() if not TASK_ORDER.fullmatch(order)] == []


def test_the_committed_page_is_current() -> None:
    assert docs.PATH.read_text(encoding="utf-8") == docs.page(), "python -m dashboards.wire.docs"


def test_the_page_has_a_row_for_every_type() -> None:
    rows = re.findall(r"^\| `(\w+)` \|", docs.page(), re.MULTILINE)
    assert rows == [*TYPES, *FIELDS]

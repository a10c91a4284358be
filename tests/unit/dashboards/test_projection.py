"""The view of a run: against the run state on random journals, and its facts step by step."""

import json
import random
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.events import (
    Event,
    ItemCancelled,
    ItemFailed,
    ItemSkipped,
    PauseRequested,
    RunFinished,
    RunPaused,
    RunResumed,
    TurnDone,
)
from actors.work import (
    Content,
    Effort,
    Failure,
    FailureKind,
    Item,
    ItemState,
    Lost,
    Reservation,
    Result,
    RunStatus,
    Usage,
)
from cluster.run.graph import WorkGraph
from cluster.run.state import RunState
from dashboards.views.agent_info import AgentState
from dashboards.views.projection import RunView
from dashboards.views.run_json import run_json
from tests.support.histories import (
    BAD,
    GONE,
    GOOD,
    assigned,
    began,
    beginnings,
    closed,
    items,
    legal,
    record,
    reuse,
    view_of,
)


@st.composite
def plans(draw: st.DrawFn) -> tuple[Item, ...]:
    names = [f"i{n}" for n in range(draw(st.integers(1, 12)))]
    waits = {
        name: draw(st.sets(st.sampled_from(names[:n]), max_size=3)) if n else set() for n, name in enumerate(names)
    }
    return items(**waits)


@given(plans(), st.integers(0, 2**32).map(random.Random))
def test_counts_add_up_and_agree_with_the_run_state_after_every_row(plan: tuple[Item, ...], rng: random.Random) -> None:
    view, reader = RunView(plan, record(plan)), RunState("r", WorkGraph(plan), "scripted")
    reused = beginnings(plan, rng) if rng.random() < 0.5 else ()
    for event, driver in legal(plan, rng, wishes=0.05, reused=reused):
        view.apply(event)
        reader.handle(event)
        assert sum(view.items.counts.values()) == len(plan)
        assert view.items.counts == reader.tally()
        assert view.state is driver.status
        for id_, item in view.items.items():
            assert item.state is reader.views[id_].state
            assert item.attempts == reader.views[id_].attempts + (item.state is ItemState.ACTIVE)
            assert item in view.items.in_state(item.state)
    assert view.finished
    assert view.items.counts == driver.tally()
    assert all(agent.state is AgentState.IDLE for agent in view.agents.values())
    assert all(view.items[id_].attempts == 0 and view.items[id_].usage == Usage() for id_ in reused)
    spent = [item.cost_usd for item in view.items.values() if item.cost_usd is not None]
    assert view.cost_usd == pytest.approx(sum(spent))
    assert view.usage == sum((item.usage for item in view.items.values()), Usage())
    for sums in (view.accounts.agents, view.accounts.models):
        assert view.usage == sum((spent.usage for spent in sums.values()), Usage())


@given(plans(), st.integers(0, 2**32).map(random.Random), st.data())
def test_reading_rows_again_changes_nothing(plan: tuple[Item, ...], rng: random.Random, data: st.DataObject) -> None:
    rows = [event for event, _ in legal(plan, rng)]
    again = data.draw(st.integers(0, len(rows)))
    once, twice = view_of(plan, *rows), view_of(plan, *rows[:again], *rows)
    assert run_json(once) == run_json(twice)


def test_ready_means_all_dependencies_complete_and_not_assigned() -> None:
    view = view_of(items(a=[], b=[], c="ab"))
    assert view.items.counts["ready"] == 2
    assert view.items.counts["waiting"] == 1
    for event in (assigned("a"), closed("a", GOOD), assigned("b")):
        view.apply(event)
    assert [item.id for item in view.items.in_state(ItemState.WAITING)] == ["c"]
    view.apply(closed("b", GOOD))
    assert [item.id for item in view.items.in_state(ItemState.READY)] == ["c"]


def test_a_lost_attempt_is_not_counted_and_costs_nothing() -> None:
    view = view_of(items(a=[]), assigned("a"), began("a"), closed("a", GONE))
    item = view.items["a"]
    assert (item.state, item.attempts, item.error) == (ItemState.READY, 0, GONE.message)
    assert (view.cost_usd, view.usage, item.started_at) == (0.0, Usage(), None)
    view.apply(assigned("a", epoch=2))
    view.apply(closed("a", GOOD, epoch=2))
    assert (item.state, item.attempts, item.error) == (ItemState.COMPLETE, 1, None)


def test_a_failure_is_ready_again_until_the_item_fails_and_names_the_cause_to_what_is_skipped() -> None:
    view = view_of(items(a=[], b="a"), assigned("a"), began("a"), closed("a", BAD))
    assert view.items["a"].state is ItemState.READY
    assert view.items["a"].error == BAD.message
    view.apply(ItemFailed(run="r", item="a", attempts=1, reason=BAD.reason, message="the real message", term=1, at=9.0))
    view.apply(ItemSkipped(run="r", item="b", cause="a", term=1))
    assert view.items["a"].error == "the real message"
    assert view.items["a"].finished_at == 9.0
    assert view.items["b"].error == "a failed"
    status = RunStatus.COMPLETED_WITH_FAILURES
    view.apply(RunFinished(run="r", term=1, status=status, counts=view.items.counts))
    assert (view.state, view.reason) == (status, "1 failed, 1 skipped")


def test_seconds_usage_and_cost_are_those_of_all_attempts() -> None:
    failure = BAD.model_copy(update={"usage": Usage(input_tokens=10), "cost_usd": 0.5})
    first: list[Event] = [assigned("a"), began("a", at=5.0), closed("a", failure)]
    view = view_of(items(a=[]), *first, assigned("a", 2, 2), closed("a", GOOD, epoch=2, attempt=2, started=False))
    item = view.items["a"]
    assert item.attempts == 2
    assert item.seconds == pytest.approx(5.2)
    assert item.usage == Usage(input_tokens=322, output_tokens=88)
    assert view.cost_usd == pytest.approx(0.51)


def turn(number: int, epoch: int = 1, **fields: object) -> Event:
    who = {"run": "r", "item": "a", "epoch": epoch, "agent": "executor-0", "model": "scripted"}
    return TurnDone.model_validate({**who, "turn": number, "said": {"text": "{}"}, **fields})


def test_turns_count_at_once_and_once_whether_their_attempt_is_closed_or_lost() -> None:
    used: dict[str, Any] = {
        "usage": Usage(input_tokens=10),
        "cost_usd": 0.5,
        "effort": Effort(calls=2, retries=1, limit_s=3.0),
    }
    view = view_of(items(a=[]), assigned("a"), began("a"), turn(1, **used))
    assert (view.usage, view.cost_usd) == (Usage(input_tokens=10), 0.5)
    view.apply(closed("a", GONE))
    assert (view.usage.input_tokens, view.cost_usd, view.items["a"].usage.input_tokens) == (10, 0.5, 10)
    view.apply(assigned("a", 2))
    view.apply(turn(2, 2, **used))
    assert (view.usage.input_tokens, view.items["a"].turns) == (20, 2)
    whole = GOOD.model_copy(update={**used, "usage": Usage(input_tokens=15)})
    view.apply(closed("a", whole, epoch=2))
    assert (view.usage.input_tokens, view.cost_usd) == (25, 1.0), "the outcome tells of its turns too"
    spent = view.accounts.agents["executor-0"]
    assert (spent.calls, spent.retries, spent.waited_s) == (4, 2, 6.0)
    assert list(view.accounts.models) == ["scripted"]


def test_the_share_of_prompts_that_came_from_the_cache() -> None:
    used = Usage(input_tokens=100, cache_read_tokens=800, cache_write_tokens=100, output_tokens=5)
    view = view_of(items(a=[]), assigned("a"), closed("a", GOOD.model_copy(update={"usage": used})))
    assert view.accounts.run.cached == 0.8
    assert view_of(items(a=[])).accounts.run.cached is None


def test_what_depends_on_a_cancelled_item_says_so() -> None:
    cancelled = ItemCancelled(run="r", item="a", term=1, at=9.0)
    view = view_of(items(a=[], b="a"), cancelled, ItemSkipped(run="r", item="b", cause="a", term=1))
    assert (view.items["a"].finished_at, view.items["a"].error) == (9.0, None)
    assert view.items["b"].error == "a cancelled"
    view.apply(RunFinished(run="r", term=1, status=RunStatus.CANCELLED, counts=view.items.counts))
    assert (view.finished, view.reason) == (True, "1 skipped, 1 cancelled")


def test_a_pause_has_its_reason_and_ends() -> None:
    view = view_of(items(a=[]), PauseRequested(run="r"))
    assert (view.state, view.reason) == (RunStatus.RUNNING, None)
    view.apply(RunPaused(run="r", term=1, reason="by request"))
    assert (view.state, view.reason, view.finished) == (RunStatus.PAUSED, "by request", False)
    view.apply(RunResumed(run="r", term=2))
    assert (view.state, view.reason) == (RunStatus.RUNNING, None)


def test_a_reused_item_is_complete_and_costs_this_run_nothing() -> None:
    view = view_of(items(a=[], b="a"), reuse("a").model_copy(update={"at": 9.0}))
    item = view.items["a"]
    assert (item.state, item.model, item.origin, item.finished_at) == (ItemState.COMPLETE, "scripted", "older", 9.0)
    assert (item.attempts, item.agent, item.seconds, item.started_at) == (0, None, 0.0, None)
    assert (item.cost_usd, view.cost_usd, item.usage, view.usage) == (0.0, 0.0, Usage(), Usage())
    assert view.items["b"].state is ItemState.READY
    unpriced = Result(data=Content(text="x"), model="new", usage=Usage(output_tokens=1))
    assert view_of(items(a=[]), reuse("a", outcome=unpriced)).cost_usd == 0.0
    assert [one["origin"] for one in run_json(view)["items"]] == ["older", None]


def cost_after(*outcomes: Result | Failure) -> float | None:
    plan = items(**{f"i{n}": [] for n in range(len(outcomes))})
    rows = [row for n, outcome in enumerate(outcomes) for row in (assigned(f"i{n}"), closed(f"i{n}", outcome))]
    return view_of(plan, *rows).cost_usd


def failure(reason: FailureKind, **fields: object) -> Failure:
    return Failure.model_validate({"reason": reason, "message": "no", **fields})


def test_one_unknown_price_makes_the_cost_unknown_and_it_stays_so() -> None:
    unknown = Result(data=Content(text=""), model="new", usage=Usage(output_tokens=1))
    assert cost_after(GOOD, unknown, GOOD) is None
    assert cost_after(GOOD, GOOD) == pytest.approx(0.02)


def test_a_call_that_was_declined_costs_nothing_and_one_that_was_cut_short_costs_nobody_knows_what() -> None:
    assert cost_after(failure(FailureKind.CREDENTIALS)) == 0.0
    assert cost_after(failure(FailureKind.NO_MODEL)) == 0.0
    assert cost_after(failure(FailureKind.TIMEOUT)) is None
    assert cost_after(failure(FailureKind.TIMEOUT, cost_usd=0.0)) == 0.0
    assert cost_after(failure(FailureKind.BAD_REQUEST, usage={"input_tokens": 3})) is None


def test_tokens_of_lost_attempts_count_as_they_were_reserved() -> None:
    lost = Lost(message="gone", reserved=Reservation(usd=0.5, tokens=4000))
    view = view_of(items(a=[]), assigned("a"), closed("a", lost))
    assert (view.usage, view.accounts.run.estimated_tokens) == (Usage(), 4000)
    assert run_json(view)["estimated_tokens"] == 4000
    late = BAD.model_copy(update={"usage": Usage(input_tokens=5), "estimated_tokens": 70})
    for event in (assigned("a", 2), closed("a", late, epoch=2)):
        view.apply(event)
    assert (view.usage.total, view.accounts.run.estimated_tokens) == (5, 4070)


def test_other_runs_are_passed_over() -> None:
    view = view_of(items(a=[]), assigned("a").model_copy(update={"run": "other"}))
    assert view.items["a"].state is ItemState.READY


def test_json_holds_what_a_machine_asks_for() -> None:
    told = json.loads(json.dumps(run_json(view_of(items(a=[]), assigned("a"), closed("a", GOOD)))))
    assert {"run", "key", "state", "reason", "counts", "cost_usd", "usage", "items"} <= told.keys()
    assert {"id", "state", "attempts", "agent", "error"} <= told["items"][0].keys()
    assert (told["state"], told["items"][0]["state"]) == ("running", "complete")
    assert sum(told["counts"].values()) == 1


def test_work_is_linear_in_the_journal() -> None:
    def calls_for(size: int) -> int:
        """Of functions, ours and built in: a count that a busy machine does not change."""
        plan = items(**{f"i{n}": [f"i{n // 2}"] if n else [] for n in range(size)})
        rows = [row for item in plan for row in (assigned(item.id), closed(item.id, GOOD, started=False))]
        calls = 0

        def count(_frame: object, event: str, _about: object) -> None:
            nonlocal calls
            calls += event.endswith("call")

        sys.setprofile(count)
        try:
            view = view_of(plan, *rows)
        finally:
            sys.setprofile(None)
        assert view.items.counts["complete"] == size
        return calls

    assert calls_for(2000) < 11 * calls_for(200)

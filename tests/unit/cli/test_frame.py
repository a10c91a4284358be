"""The picture of a run: fits every terminal, shows what matters, leaves nothing out of the sum."""

import random
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from actors.events import (
    AgentFailed,
    AgentStarting,
    AgentUnavailable,
    Event,
    ItemCancelled,
    ItemQuarantined,
    ItemSkipped,
    RunPaused,
    RunResumed,
    RunWaiting,
)
from actors.journal.people import Approval, ApprovalRequested
from actors.work import Effort, ItemState, Role, Usage
from cluster.cli.frame import failures
from cluster.cli.tables import STYLES
from dashboards.views.projection import RunView
from tests.support.histories import BAD, GOOD, assigned, began, closed, failed, items, legal, view_of
from tests.support.screens import HARMLESS, drawn, hostile_run


def busy(size: int) -> RunView:
    """Two active, three failed, then ready, complete and waiting ones."""
    plan = items(**{f"i{n}": [f"i{n - 100}"] if n >= 100 else [] for n in range(size)})
    rows: list[Event] = [row for n in range(5, 20) for row in (assigned(f"i{n}"), closed(f"i{n}", GOOD))]
    rows += [row for n in range(3) for row in (assigned(f"i{n}"), closed(f"i{n}", BAD), failed(f"i{n}"))]
    return view_of(plan, *rows, assigned("i3"), began("i3", at=1990.0), assigned("i4"))


@pytest.mark.parametrize("width", [80, 200])
@pytest.mark.parametrize("height", [6, 12, 24, 60])
def test_the_picture_fits_and_nothing_is_left_out_of_the_sum(width: int, height: int) -> None:
    lines = drawn(busy(300), width, height)
    assert len(lines) <= height
    assert max(map(cell_len, lines)) <= width
    shown = [line for line in lines if re.match(r"i\d+ ", line)]
    more = re.search(r"… and (\d+) more: (.*)", "\n".join(lines))
    assert more
    assert len(shown) + int(more[1]) == 300
    assert sum(map(int, re.findall(r"(\d+) \w", more[2]))) == int(more[1])


def test_active_items_come_first_then_failed_next_ready_recently_finished() -> None:
    lines = drawn(busy(300), 80, 128)
    states = [line.split()[1] for line in lines if re.match(r"i\d+ ", line)]
    order = ["active", "failed", "ready", "complete", "waiting"]
    assert sorted(states, key=order.index) == states
    assert states.count("active") == 2
    assert states.count("failed") == 3
    complete = [line.split()[0] for line in lines if "complete " in line and line.startswith("i")]
    assert complete[0] == "i19"


def test_a_plan_that_fits_is_shown_in_its_own_order() -> None:
    lines = drawn(busy(40), 80, 60)
    assert [line.split()[0] for line in lines if re.match(r"i\d+ ", line)] == [f"i{n}" for n in range(40)]
    assert not any("more" in line for line in lines)


def test_a_line_has_state_agent_attempt_seconds_and_tokens() -> None:
    lines = drawn(busy(40), 80, None)
    assert "i5    complete     executor-0        1      4.2       312+88" in lines
    assert "i3    active       executor-0        1     10.0" in lines, "began 10 s ago"
    assert "i4    active       executor-0        1" in lines, "not begun"
    assert any(line.startswith("i0    failed       executor-0        1") and line.endswith("message") for line in lines)


def test_an_error_gets_room_before_numbers_do() -> None:
    plan = items(**{"a-rather-long-name-of-an-item": [], "b": []})
    view = view_of(plan, assigned("b"), closed("b", BAD), failed("b", "credentials were refused by the API, twice"))
    (line,) = [line for line in drawn(view, 80) if line.startswith("b ")]
    assert "credentials were refused by" in line
    (line,) = [line for line in drawn(view, 200) if line.startswith("b ")]
    assert line.endswith("  credentials were refused by the API, twice")


def test_what_calls_took_beside_tokens_has_a_line_and_nothing_has_none() -> None:
    plain = view_of(items(a=[]), assigned("a"), closed("a", GOOD))
    assert not any(line.startswith("tokens ") for line in drawn(plain, 120, 24))
    used = Usage(input_tokens=200, cache_read_tokens=800, output_tokens=88)
    effort = Effort(calls=4, retries=3, limit_s=10.3, permit_s=2.0)
    busy = GOOD.model_copy(update={"usage": used, "effort": effort, "estimated_usd": 0.002})
    (line,) = [
        line
        for line in drawn(view_of(items(a=[]), assigned("a"), closed("a", busy)), 120, 24)
        if line.startswith("tokens ")
    ]
    assert line == "tokens 1000+88, cache 80 %, retries 3, waited 12.3 s, $0.0020 of the cost estimated"


def test_the_progress_counts_add_up() -> None:
    last = drawn(busy(300), 200)[-1]
    assert "18/300 done, 2 active, 95 ready, 185 waiting, 3 failed" in last
    assert last.count("█") == 40 * 18 // 300


def test_every_state_has_its_colour_and_its_place() -> None:
    assert set(STYLES) == set(ItemState)
    rows: list[Event] = [row for n in "abc" for row in (assigned(n), closed(n, BAD if n == "b" else GOOD))]
    rows += [failed("b"), ItemSkipped(run="r", item="d", cause="b", term=1), ItemCancelled(run="r", item="e", term=1)]
    rows += [ItemQuarantined(run="r", item="q", message="it killed again", term=1)]
    rows += [assigned("p"), closed("p", GOOD).model_copy(update={"pending": True})]
    rows += [ApprovalRequested(run="r", item="o", epoch=0, what=Approval.START, message="it is to begin", term=1)]
    plan = items(a=[], b=[], c=[], d="b", e=[], f=[], g="f", h=[], q=[], p=[], o=[])
    view = view_of(plan, *rows, assigned("h"))
    assert all(view.items.counts.values())
    lines = drawn(view, 80, 14)
    assert lines[1].startswith("o: approve? it is to begin  mnemosyne approve r o")
    assert [line.split()[:2] for line in lines[3:-2]] == [
        ["h", "active"],
        ["o", "blocked"],
        ["b", "failed"],
        ["q", "quarantined"],
        ["p", "pending_re…"],
        ["f", "ready"],
        ["c", "complete"],
        ["a", "complete"],
        ["d", "skipped"],
    ]
    assert lines[-2] == "… and 2 more: 1 waiting, 1 cancelled"
    told = "6/11 done, 1 active, 1 blocked, 1 pending_review, 1 ready, 1 waiting, 1 failed, 1 quarantined, 1 skipped"
    assert drawn(view, 140, 12)[-1].endswith(f"{told}, 1 cancelled")


def test_a_pause_is_shown_with_its_reason_until_the_run_goes_on() -> None:
    view = view_of(items(a=[]), RunPaused(run="r", term=1, reason="by request"))
    assert "  paused: by request  " in drawn(view, 80)[0]
    view.apply(RunResumed(run="r", term=1))
    assert "  running  " in drawn(view, 80)[0]


def test_an_agent_that_cannot_start_is_shown_with_its_reason() -> None:
    gone = [AgentUnavailable(agent=f"executor-{n}", role=Role.EXECUTOR, reason="no memory") for n in range(5)]
    lines = drawn(view_of(items(a=[]), *gone), 80)
    assert lines[1] == "executor-0 is unavailable: no memory"
    assert lines[3] == "… and 3 more agents are missing"


def test_an_agent_that_was_given_up_is_shown_with_its_reason() -> None:
    begun = AgentStarting(agent="executor-0", role=Role.EXECUTOR)
    lines = drawn(view_of(items(a=[]), begun, AgentFailed(agent="executor-0", reason="4 restarts in 60 s")), 80)
    assert lines[1] == "executor-0 has failed: 4 restarts in 60 s"


def test_a_wait_is_shown_with_its_reason_until_the_run_goes_on() -> None:
    view = view_of(items(a=[]), RunWaiting(run="r", term=1, reason="model m is unavailable: no such host"))
    assert "  waiting: model m is unavailable: no such host  " in drawn(view, 100)[0]
    view.apply(RunResumed(run="r", term=1))
    assert "  running  " in drawn(view, 100)[0]


def test_the_end_tells_of_failed_and_of_quarantined_items() -> None:
    rows: list[Event] = [assigned("a"), closed("a", BAD), failed("a", "no")]
    view = view_of(items(a=[], q=[]), *rows, ItemQuarantined(run="r", item="q", message="it killed again", term=1))
    assert failures(view) == ["a failed: no", "q quarantined: it killed again"]


@given(st.integers(1, 220), st.integers(1, 60), st.integers(0, 2**32).map(random.Random))
def test_any_moment_of_any_run_fits_any_terminal(width: int, height: int, rng: random.Random) -> None:
    plan = items(**{name * rng.randint(1, 30): [] for name in ("a", "漢", "c")}, z=[])
    rows = [event for event, _ in legal(plan, rng)]
    lines = drawn(view_of(plan, *rows[: rng.randint(0, len(rows))]), width, height)
    assert len(lines) <= max(height, 4)
    assert max(map(cell_len, lines)) <= width


@pytest.mark.parametrize("width", [80, 200])
def test_hostile_texts_do_nothing_in_the_picture(width: int) -> None:
    plan, rows = hostile_run()
    lines = drawn(view_of(plan, *rows), width)
    assert all(map(HARMLESS.fullmatch, lines))
    assert max(map(cell_len, lines)) <= width
    assert len(lines) == 6
    assert any(line.startswith("[red]b[/red]") for line in lines)


def test_agents_of_every_role_can_be_told_apart_on_the_narrowest_terminal() -> None:
    ids = [f"{role}-{n}" for role in Role for n in (0, 10)]
    plan = items(**{f"i{n}": [] for n in range(len(ids))})
    lines = drawn(view_of(plan, *(assigned(f"i{n}", agent=id_) for n, id_ in enumerate(ids))), 80)
    assert [line.split()[2] for line in lines if re.match(r"i\d+ ", line)] == ids

"""A run as plain lines."""

import pytest

from actors.events import (
    AgentFailed,
    AgentHeartbeat,
    AgentRestarted,
    AgentStarted,
    AgentStarting,
    AgentUnavailable,
    CancelRequested,
    Event,
    ItemCancelled,
    ItemQuarantined,
    ModelAvailable,
    ModelUnavailable,
    PauseRequested,
    PhaseChanged,
    RunPaused,
    RunResumed,
    RunStarted,
    RunWaiting,
)
from actors.vocabulary.phase import Phase
from actors.work import Content, RestartCause, Result, Role, Usage
from cluster.cli import changes
from cluster.cli.frame import failures
from dashboards.views.projection import RunView
from tests.support.histories import assigned, closed, items, record, reuse, view_of
from tests.support.screens import HARMLESS, drawn, hostile_run


@pytest.mark.parametrize(
    ("event", "told"),
    [
        (RunPaused(run="r", term=1, reason="by request"), "run r  paused  by request"),
        (RunWaiting(run="r", term=1, reason="no model"), "run r  waiting  no model"),
        (RunResumed(run="r", term=1), "run r  resumed"),
        (
            PhaseChanged(run="r", before=Phase.PROMPT_TO_SPEC, after=Phase.SPEC_TO_FULL_SPEC, term=1),
            "run r  phase spec_to_full_spec  prompt_to_spec is over",
        ),
        (RunStarted(run="r", term=2, driver="d"), "run r  started  term 2"),
        (CancelRequested(run="r"), "run r  cancel requested"),
        (CancelRequested(run="r", target="a"), "a  cancel requested"),
        (PauseRequested(run="r"), "run r  pause requested"),
        (ItemCancelled(run="r", item="a", term=1), "a  cancelled"),
        (AgentUnavailable(agent="e", role=Role.EXECUTOR, reason="no memory"), "e  unavailable  no memory"),
        (AgentStarted(agent="e", role=Role.EXECUTOR, generation=2, pid=1, node="n"), "e  started  generation 2"),
        (AgentFailed(agent="e", reason="4 restarts in 60 s"), "e  failed  4 restarts in 60 s"),
        (
            AgentRestarted(agent="e", generation=1, cause=RestartCause.CRASH, reason="it was killed"),
            "e  restarting  it was killed",
        ),
        (AgentHeartbeat(agent="e", generation=1), None),
        (ModelUnavailable(model="m", reason="no such host"), "model m  unavailable  no such host"),
        (ModelAvailable(model="m", probe=True), None),
        (ModelAvailable(model="m", probe=False), "model m  available"),
        (ItemQuarantined(run="r", item="a", message="it killed again", term=1), "a  quarantined  it killed again"),
        (reuse("a"), "a  complete  reused from run older"),
        (assigned("a"), None),
        (AgentStarting(agent="e", role=Role.EXECUTOR), None),
    ],
)
def test_changes_are_told_in_a_line(event: Event, told: str | None) -> None:
    assert changes.line(view_of(items(a=[]), event), event) == (told and f"0.0s  {told}")


def test_hostile_texts_do_nothing_in_plain_lines() -> None:
    plan, rows = hostile_run()
    view = RunView(plan, record(plan))
    for event in rows:
        view.apply(event)
        line = changes.line(view, event)
        assert line is None or HARMLESS.fullmatch(line)
    assert all(map(HARMLESS.fullmatch, failures(view)))


def test_a_result_by_reference_and_an_unknown_price_are_shown_honestly() -> None:
    unknown = Result(data=Content(ref="0" * 64), model="new", usage=Usage(output_tokens=5))
    view = view_of(items(a=[]), AgentStarted(agent="executor-0", role=Role.EXECUTOR, generation=1, pid=1, node="n"))
    for row in (assigned("a"), closed("a", unknown, started=False)):
        view.apply(row)
    assert "cost unknown" in drawn(view, 80)[0]
    assert changes.line(view, closed("a", unknown)) == "0.0s  a  complete  executor-0  attempt 1  0.0 s  0+5 tokens"

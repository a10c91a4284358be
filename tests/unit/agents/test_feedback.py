"""What the next attempt is told of earlier reviews: the more there were, the less of each; made once, shown by why."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from actors.events import ItemAssigned, ItemClosed
from actors.models.port import OnDelta, Reply, Request, StopReason
from actors.roles.feedback import Level, level_of, told
from actors.roles.prompt import PROMPTS
from actors.stores.reader import Reader
from actors.vocabulary.review import Consolidated, Gate, GateVerdict, Judgement, Purpose
from actors.work import Failure, FailureKind, Role, RunStatus, Usage
from cluster.cli import main
from dashboards.board import Board
from dashboards.item_document import item_document
from dashboards.wire.events import wire
from tests.support.reviews import answer, reviewed
from tests.unit.agents.test_reviewing import Judge, driven


def judgement(*issues: str, tests: tuple[str, ...] = ()) -> Judgement:
    gates = (GateVerdict(gate=Gate.CORRECTNESS, passed=False, evidence="line 3"),)
    return Judgement(gates=gates, issues=issues, suggested_tests=tests)


TESTS = tuple(f"test {n}" for n in range(6))
MANY = judgement(*(f"issue {n}" for n in range(8)), tests=TESTS)


def test_the_levels() -> None:
    detailed, summary, critical = Level
    assert [level_of(n) for n in range(1, 7)] == [detailed, summary, summary, critical, critical, critical]


def test_of_one_review_everything_is_told() -> None:
    text = told((MANY,))
    assert [line for line in text.splitlines() if "issue" in line] == [f"- issue {n}" for n in range(8)]
    assert text.count("suggested test") == 6


def test_of_two_or_three_the_newest_five_issues_and_three_tests() -> None:
    text = told((judgement("old", "both"), judgement("new", "both"), judgement("newest", *TESTS, tests=TESTS)))
    lines = text.splitlines()
    assert lines[:5] == ["- newest", "- test 0", "- test 1", "- test 2", "- test 3"]
    assert lines[5:] == ["- correctness failed: line 3", *(f"- suggested test: test {n}" for n in range(3))]
    assert told((judgement("both", "old"), judgement("both"))).splitlines()[:2] == ["- both", "- old"]


def test_of_more_only_what_is_critical() -> None:
    severe = judgement("a Blocker: it does not start", "nicer words", "an error in line 4", tests=TESTS)
    text = told((judgement("critical: lost data"), judgement("it fails"), MANY, severe))
    assert text.splitlines() == [
        "- a Blocker: it does not start",
        "- an error in line 4",
        "- it fails",
        "- correctness failed: line 3",
    ]
    assert told((MANY,) * 4).splitlines()[:3] == ["- issue 0", "- issue 1", "- issue 2"], "none has such a word"


@given(st.lists(st.lists(st.text(min_size=1, max_size=20), max_size=12), min_size=2, max_size=8))
def test_what_is_told_is_bounded_and_was_found(issues: list[list[str]]) -> None:
    text = told(tuple(judgement(*some, tests=TESTS) for some in issues))
    found = {f"- {issue}" for some in issues for issue in some}
    gate = "- correctness failed: line 3"
    before = text.split(gate)[0] if gate in text else text
    assert sum(before.startswith(f"{one}\n") or f"\n{one}\n" in before for one in found) <= 5
    assert gate in text
    assert text.count("suggested test") == (3 if len(issues) < 4 else 0)


@pytest.mark.parametrize("more", [[Role.OPTIMIZER], []])
async def test_several_reviews_are_made_one_text_by_an_optimizer_or_who_does_its_part(
    tmp_path: Path, more: list[Role]
) -> None:
    verdicts = [*[answer(passed=False)] * 3, answer(passed=True)]
    model = Judge(*verdicts, digest="blue was found missing, again and again\n" * 200)
    status, events = await driven(tmp_path, model, reviewed(max_attempts=4), more=more)
    assert status is RunStatus.COMPLETED
    asked = model.asked(PROMPTS[Role.OPTIMIZER].text)
    assert [text.count("say that it is blue") for text in asked] == [2, 3], "before attempts 3 and 4"
    first, second, third, fourth = model.asked(PROMPTS[Role.EXECUTOR].text)
    assert "All reviews so far together" not in first + second
    for text in (third, fourth):
        assert "This is attempt" in text
        assert "All reviews so far together" in text
        assert "again and again" in text
    who = [event.agent for event in events if isinstance(event, ItemAssigned) and event.purpose is Purpose.CONSOLIDATE]
    assert who == ["optimizer-0" if more else "executor-0"] * 2
    made = [e.outcome for e in events if isinstance(e, ItemClosed) and isinstance(e.outcome, Consolidated)]
    assert [(one.reviews, one.effort.calls, one.prompt) for one in made] == [
        (2, 1, PROMPTS[Role.OPTIMIZER].version),
        (3, 1, PROMPTS[Role.OPTIMIZER].version),
    ]
    told = [event["type"] for row in events for event in wire(row, {"a": "do a"})]
    assert told.count("feedback_consolidated") == 2
    assert [told.count(f"work_item_{kind}") for kind in ("assigned", "retried", "completed")] == [10, 3, 1]

    shown = CliRunner().invoke(main.app, ["why", "r", "a", "--home", str(tmp_path), "--json"])
    parts = [(part["kind"], part["name"]) for part in json.loads(shown.output)["parts"]]
    assert parts == [("description", "a"), ("feedback", "of 3, summary"), ("consolidated", "of 3")]
    reader = Reader(tmp_path / "store.db")
    attempts = item_document(Board(reader, lambda: False), reader, "r", "a")["attempts"]
    reader.close()
    texts = [one["text"] for one in attempts if one["purpose"] == "consolidate"]
    assert [text.count("again and again") for text in texts] == [200, 200], "the page shows it, however long"


async def test_without_such_a_text_the_attempt_has_what_was_found_all_the_same(tmp_path: Path) -> None:
    model = Judge(*[answer(passed=False)] * 2, answer(passed=True), digest=" ")
    status, events = await driven(tmp_path, model, reviewed(), more=[Role.OPTIMIZER])
    assert status is RunStatus.COMPLETED
    third = model.asked(PROMPTS[Role.EXECUTOR].text)[2]
    assert "say that it is blue" in third
    assert "All reviews so far together" not in third
    tried = [e.outcome.kind for e in events if isinstance(e, ItemClosed) and e.agent == "optimizer-0"]
    assert tried == ["failure"] * 3


class Wordy(Judge):
    """Its text of several reviews has so many tokens; what it is allowed is noted."""

    longest, written = 1_000_000, 0

    async def complete(self, request: Request, on_delta: OnDelta | None = None) -> Reply:
        """See Model."""
        reply = await super().complete(request, on_delta)
        limit = min(request.max_tokens, self.longest)
        if request.system != PROMPTS[Role.OPTIMIZER].text or self.written <= limit:
            return reply
        return reply.model_copy(update={"stop": StopReason.MAX_TOKENS, "usage": Usage(output_tokens=limit)})

    def allowed(self) -> list[int]:
        return [one.max_tokens for one in self.requests if one.system == PROMPTS[Role.OPTIMIZER].text]


@pytest.mark.parametrize(
    ("written", "longest", "allowed", "used"),
    [
        (400, 1_000_000, [100, 400], True),
        (401, 1_000_000, [100, 400], False),
        (401, 50, [100], False),
    ],
    ids=["asked once more with four times the limit", "then the work goes on without", "the model writes no more"],
)
async def test_half_of_such_a_text_is_not_told_as_if_it_were_all(
    written: int, longest: int, allowed: list[int], used: bool, tmp_path: Path
) -> None:
    model = Wordy(*[answer(passed=False)] * 2, answer(passed=True))
    model.written, model.longest = written, longest
    status, events = await driven(tmp_path, model, reviewed(max_tokens=100), more=[Role.OPTIMIZER])
    assert (status, model.allowed()) == (RunStatus.COMPLETED, allowed)
    third = model.asked(PROMPTS[Role.EXECUTOR].text)[2]
    assert "say that it is blue" in third
    assert ("All reviews so far together" in third) is used
    (end,) = [e.outcome for e in events if isinstance(e, ItemClosed) and e.agent == "optimizer-0"]
    assert isinstance(end, Consolidated) if used else isinstance(end, Failure) and end.reason is FailureKind.CUT_OFF

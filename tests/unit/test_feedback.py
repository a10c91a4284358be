"""What the next attempt is told of earlier reviews: the more there were, the less of each; made once, shown by why."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from actors.errors import ContextTooLong
from actors.events import TurnDone
from actors.models.port import Request
from actors.review import Gate, GateVerdict, Judgement
from actors.roles.consolidating import consolidating
from actors.roles.feedback import Level, level_of, told
from actors.roles.prompt import PROMPTS
from actors.stores.group import GroupStore
from actors.work import Role, RunStatus
from cluster.cli import main
from tests.conversations import InOrder, says
from tests.reviews import answer, reviewed
from tests.talks import hold, rows, task_of
from tests.unit.test_condensing import store
from tests.unit.test_reviewing import Judge, driven

__all__ = ["store"]
"""A fixture."""


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


async def test_several_reviews_are_made_one_text_by_the_optimizers_prompt(tmp_path: Path) -> None:
    verdicts = [*[answer(passed=False)] * 3, answer(passed=True)]
    model = Judge(*verdicts)
    status, events = await driven(tmp_path, model, reviewed(max_attempts=4))
    assert status is RunStatus.COMPLETED
    consolidated = model.asked(PROMPTS[Role.OPTIMIZER].text)
    assert [text.count("say that it is blue") for text in consolidated] == [2, 3], "of attempts 3 and 4"
    first, second, third, fourth = model.asked(PROMPTS[Role.EXECUTOR].text)
    assert "All reviews so far together" not in first + second
    assert all("All reviews so far together" in text and "This is attempt" in text for text in (third, fourth))
    assert len([event for event in events if isinstance(event, TurnDone)]) == 2

    shown = CliRunner().invoke(main.app, ["why", "r", "a", "--home", str(tmp_path), "--json"])
    parts = [(part["kind"], part["name"]) for part in json.loads(shown.output)["parts"]]
    assert parts == [("description", "a"), ("feedback", "of 3, summary"), ("consolidated", "of 3")]


async def test_an_attempt_that_goes_on_has_the_text_and_does_not_pay_for_it_again(store: GroupStore) -> None:
    request = Request(model="m", system="", messages=(), max_tokens=10)
    feedback = (judgement("say blue"), judgement("say blue"))
    died = InOrder(says("blue was found missing twice"), ContextTooLong("died"), ContextTooLong("died"))
    task = (await task_of(store)).model_copy(update={"feedback": feedback})
    reviews = consolidating(request, task)
    assert reviews
    with pytest.raises(ContextTooLong):
        await hold(store, died, task=task, bare="Do.", reviews=reviews)
    assert [
        request.messages[0].text.startswith(begin)
        for request, begin in zip(died.requests, ("<review-", "Do a.", "Do."), strict=True)
    ] == [True] * 3
    assert all("blue was found missing twice" in request.messages[0].text for request in died.requests[1:])
    model = InOrder(says("done"))
    again = await task_of(store, 2)
    await hold(store, model, task=again.model_copy(update={"feedback": feedback}), reviews=reviews)
    assert model.requests[0].messages == died.requests[1].messages
    assert len(await rows(store)) == 1


async def test_without_such_a_text_the_attempt_has_what_was_found_all_the_same(store: GroupStore) -> None:
    request = Request(model="m", system="", messages=(), max_tokens=10)
    task = (await task_of(store)).model_copy(update={"feedback": (MANY, MANY)})
    model = InOrder(ContextTooLong("too much"), says("done"))
    assert (await hold(store, model, task=task, reviews=consolidating(request, task))).text == "done"
    assert model.requests[1].messages[0].text == "Do a."
    assert await rows(store) == []

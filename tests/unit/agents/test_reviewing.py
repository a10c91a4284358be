"""Reviews by real agents: what a reviewer sees, what counts as a verdict, what the next attempt is told."""

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

from actors.events import Event, ItemAccepted, ItemClosed, ItemFailed
from actors.models.answer import parse
from actors.models.port import Model, OnDelta, Reply, Request
from actors.models.script import Rule, Script, ScriptedCall
from actors.models.scripted import ScriptedModel
from actors.roles.prompt import EXTRACT, PROMPTS, REVIEW
from actors.tools.workspace import workspace_of
from actors.vocabulary.review import Gate, Review, Verdict
from actors.work import Item, Role, RunStatus, agent_id
from cluster.driving.driver import Driver
from tests.support.fakes import FakeModel, LocalAgent, accepted, open_store
from tests.support.reviews import answer, reviewed

Say = Callable[[Request], str]


class Judge(FakeModel):
    """Answers work with `work`, reviews with one `verdict` after the other, and makes `digest` of several."""

    def __init__(self, *verdicts: str, work: str = "the sky is grey", found: str = "", digest: str = "blue!") -> None:
        self.verdicts, self.digest = list(verdicts), digest
        self.work, self.found = work, found
        super().__init__(self._say)

    async def complete(self, request: Request, on_delta: OnDelta | None = None) -> Reply:
        """See Model."""
        reply = await super().complete(request, on_delta)
        parsed = parse(reply.text, request.output) if request.output else None
        return reply.model_copy(update={"parsed": parsed})

    def _say(self, request: Request) -> str:
        if request.system == REVIEW.text:
            return self.verdicts.pop(0)
        if request.system == PROMPTS[Role.OPTIMIZER].text:
            return self.digest
        return self.found if request.system == EXTRACT.text else self.work

    def asked(self, system: str) -> list[str]:
        """What it was told with this system prompt."""
        return [request.messages[0].text for request in self.requests if request.system == system]


class Watched(ScriptedModel):
    """Remembers what it was asked."""

    def __init__(self, script: Script) -> None:
        super().__init__(script)
        self.seen: list[Request] = []

    async def complete(self, request: Request, on_delta: OnDelta | None = None) -> Reply:
        """See Model."""
        self.seen.append(request)
        return await super().complete(request, on_delta)


async def driven(
    home: Path, model: Model, *items: Item, payloads: Mapping[str, str] | None = None, more: Sequence[Role] = ()
) -> tuple[RunStatus, list[Event]]:
    """A run to its end, on an executor, a reviewer, and an agent of each of these roles."""
    store = open_store(home)
    roles = {agent_id(role, 0): role for role in (Role.EXECUTOR, Role.REVIEWER, *more)}
    agents = {name: LocalAgent(name, store, model, role=role, home=home) for name, role in roles.items()}
    record = await accepted(store, *items, payloads=payloads)
    status = await Driver(record, store, agents, "d").drive()
    events = await store.read("r", 0, 0)
    for agent in agents.values():
        await agent.stop()
    await store.close()
    return status, events


def judgements(events: list[Event]) -> list[Verdict]:
    return [e.outcome for e in events if isinstance(e, ItemClosed) and isinstance(e.outcome, Verdict)]


async def test_the_second_attempt_is_told_what_the_first_lacked(tmp_path: Path) -> None:
    model = Judge(answer(passed=False, requirements=1), answer(passed=True, requirements=1))
    status, events = await driven(tmp_path, model, reviewed(requirements=("It is blue.",)))
    assert status is RunStatus.COMPLETED
    first, second = model.asked(PROMPTS[Role.EXECUTOR].text)
    assert "- It is blue." in first
    assert "say that it is blue" not in first
    for told in ("This is attempt 2", "the sky is grey", "say that it is blue", "not met: It is blue. (line 3)"):
        assert told in second
    assert "suggested test: look for blue" in second
    asked = model.asked(REVIEW.text)
    assert all("the sky is grey" in one and "R1: It is blue." in one and "correctness" in one for one in asked)
    assert [found.judgement.passed for found in judgements(events)] == [False, True]
    assert [event.passed for event in events if isinstance(event, ItemAccepted)] == [True]


@pytest.mark.parametrize(
    "said",
    [
        "passed, very good",
        "{}",
        json.dumps({"gates": {}, "issues": [], "suggested_tests": []}),
        json.dumps(
            {
                "gates": {gate: {"passed": True, "evidence": "x"} for gate in ("correctness", "luck")},
                "issues": [],
                "suggested_tests": [],
            }
        ),
        json.dumps({"gates": {"correctness": {"passed": "yes", "evidence": "x"}}, "issues": [], "suggested_tests": []}),
        json.dumps({"gates": {"correctness": {"passed": True, "evidence": " "}}, "issues": [], "suggested_tests": []}),
    ],
    ids=["prose", "empty", "gate missing", "unknown gate", "no boolean", "no evidence"],
)
async def test_what_is_no_verdict_is_asked_for_again_and_never_a_pass(tmp_path: Path, said: str) -> None:
    rules = (
        Rule(match=REVIEW.text[:40], answer=said, times=1),
        Rule(match=REVIEW.text[:40], answer=answer(passed=True)),
    )
    model = ScriptedModel(Script(rules=rules))
    status, events = await driven(tmp_path, model, reviewed())
    assert status is RunStatus.COMPLETED
    reviews = [e.outcome.kind for e in events if isinstance(e, ItemClosed) and e.agent == "reviewer-0"]
    assert reviews == ["failure", "verdict"]
    assert sum(isinstance(e, ItemClosed) and e.agent == "executor-0" for e in events) == 1


async def test_an_unsatisfied_requirement_is_no_pass_whatever_the_gates_say(tmp_path: Path) -> None:
    found = json.loads(answer(passed=True, requirements=2))
    found["requirements"]["R2"]["satisfied"] = False
    item = reviewed(max_attempts=1, requirements=("It is blue.", "It rhymes."))
    _, events = await driven(tmp_path, Judge(json.dumps(found)), item)
    (failed,) = [event for event in events if isinstance(event, ItemFailed)]
    assert "1 of 2 requirements" in failed.message


async def test_requirements_are_extracted_by_one_call_and_judged(tmp_path: Path) -> None:
    model = Judge(
        answer(passed=True, requirements=2), found=json.dumps({"requirements": ["It is blue.", "It rhymes."]})
    )
    model_ = ScriptedModel(
        Script(
            rules=(
                Rule(match=EXTRACT.text[:40], answer=json.loads(model.found)),
                Rule(match=REVIEW.text[:40], answer=answer(passed=True, requirements=2)),
            )
        )
    )
    status, events = await driven(tmp_path, model_, reviewed(extract=True))
    assert status is RunStatus.COMPLETED
    kinds = [event.outcome.kind for event in events if isinstance(event, ItemClosed)]
    assert kinds == ["requirements", "result", "verdict"]
    (found,) = judgements(events)
    assert [one.requirement for one in found.judgement.requirements] == ["It is blue.", "It rhymes."]


def by_command(*argv: str, **fields: object) -> Item:
    review = Review(gates=(Gate.TESTS_PASSING,), tests=argv, max_attempts=2)
    return Item.model_validate({"id": "a", "description": "do a", "review": review, **fields})


async def test_a_command_decides_whether_tests_pass_and_no_model_is_asked(tmp_path: Path) -> None:
    half, whole = (
        (ScriptedCall(tool="write_file", arguments={"path": "made.txt", "content": text}),)
        for text in ("half", "whole")
    )
    rules = (Rule(match="This is attempt 2", turn=1, calls=whole), Rule(match="r/a/", turn=1, calls=half))
    check = "import sys; text = open('made.txt').read(); print('it says', text); sys.exit(text != 'whole')"
    model = ScriptedModel(Script(rules=rules))
    status, events = await driven(tmp_path, model, by_command(sys.executable, "-c", check, tools=("files:write",)))
    assert status is RunStatus.COMPLETED
    first, second = (found.judgement.gates[0] for found in judgements(events))
    assert (first.gate, first.passed, second.passed) == (Gate.TESTS_PASSING, False, True)
    assert "exit code 1" in first.evidence
    assert "it says half" in first.evidence
    assert {found.model for found in judgements(events)} == {None}
    assert (workspace_of(tmp_path, "r") / "made.txt").read_text() == "whole"


async def test_a_command_that_cannot_run_is_no_pass(tmp_path: Path) -> None:
    _, events = await driven(tmp_path, FakeModel(), by_command("no-such-program-at-all"))
    assert [found.judgement.passed for found in judgements(events)] == [False, False]


async def test_the_reviewer_sees_files_diffs_and_what_tools_said(tmp_path: Path) -> None:
    folder = workspace_of(tmp_path, "r")
    folder.mkdir(parents=True)
    (folder / "old.txt").write_text("one\ntwo\n")
    (folder / "same.txt").write_text("untouched\n")
    edit = {"path": "old.txt", "old": "two", "new": "three"}
    reads = ScriptedCall(tool="read_file", arguments={"path": "old.txt"})
    calls = (ScriptedCall(tool="edit_file", arguments=edit), reads)
    rules = (Rule(match=REVIEW.text[:40], answer=answer(passed=True)), Rule(match="r/a/", turn=1, calls=calls))
    item = reviewed(tools=("files:read", "files:write"))
    model = Watched(Script(rules=rules))
    status, _ = await driven(tmp_path, model, item)
    assert status is RunStatus.COMPLETED
    (review,) = [request for request in model.seen if request.system == REVIEW.text]
    text = review.messages[0].text
    for told in ("--- a/old.txt", "-two", "+three", "edit_file", "do a"):
        assert told in text
    assert "same.txt" not in text
    assert [tool.name for tool in review.tools] == ["read_file", "list_files", "search_files"], "it changes nothing"

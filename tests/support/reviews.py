"""Items that are reviewed, verdicts on them, and a world in which they run to their end."""

import json
from typing import Any

from actors.events import Event
from actors.journal.people import (
    AnswerGiven,
    Approval,
    ApprovalDenied,
    ApprovalGranted,
    ApprovalRequested,
    ItemAccepted,
)
from actors.vocabulary.review import (
    Consolidated,
    Exhausted,
    Gate,
    GateVerdict,
    Judgement,
    Questions,
    Requirements,
    RequirementVerdict,
    Review,
    Verdict,
)
from actors.work import Content, Item
from tests.support.histories import GOOD, closed

GATES = (Gate.CORRECTNESS,)
QUESTIONS = Questions(model="scripted", questions=("Which colour?",), turn=1, call=1, cost_usd=0.0)
CONSOLIDATED = Consolidated(model="scripted", text=Content(text="blue, again and again"), reviews=2, cost_usd=0.0)
REQUIREMENTS = Requirements(model="scripted", requirements=("It is blue.",), cost_usd=0.0)


def verdict(*, passed: bool, requirements: tuple[str, ...] = ()) -> Verdict:
    """Of the one gate, and of these requirements."""
    return Verdict(
        model="scripted",
        cost_usd=0.0,
        judgement=Judgement(
            gates=(GateVerdict(gate=Gate.CORRECTNESS, passed=passed, evidence="line 3"),),
            requirements=tuple(
                RequirementVerdict(requirement=text, satisfied=passed, evidence="line 4") for text in requirements
            ),
            issues=() if passed else ("say that it is blue",),
            suggested_tests=() if passed else ("look for blue",),
        ),
    )


def reviewed(id_: str = "a", max_attempts: int = 3, on_exhausted: Exhausted = Exhausted.FAIL, **fields: Any) -> Item:
    """An item with a review of one gate."""
    review = Review(gates=GATES, max_attempts=max_attempts, on_exhausted=on_exhausted)
    return Item(id=id_, description=f"do {id_}", review=review, **fields)


def answer(*, passed: bool, requirements: int = 0) -> str:
    """What a model says that reviews."""
    said = {"evidence": "line 3"}
    found: dict[str, Any] = {"gates": {"correctness": {"passed": passed, **said}}}
    if requirements:
        found["requirements"] = {f"R{n}": {"satisfied": passed, **said} for n in range(1, requirements + 1)}
    issues = [] if passed else ["say that it is blue"]
    return json.dumps({**found, "issues": issues, "suggested_tests": ["look for blue"] if issues else []})


REVIEWED: tuple[Event, ...] = (
    closed("a", GOOD).model_copy(update={"pending": True}),
    *(closed("a", outcome) for outcome in (verdict(passed=True), verdict(passed=False), QUESTIONS, REQUIREMENTS)),
    closed("a", CONSOLIDATED),
    ItemAccepted(run="r", item="a", passed=True, outcome=GOOD, term=1),
    ApprovalRequested(run="r", item="a", epoch=0, what=Approval.START, message="it is to begin", term=1),
    AnswerGiven(run="r", target="a", epoch=1, text="blue"),
    ApprovalGranted(run="r", target="a", epoch=0),
    ApprovalDenied(run="r", target="a", epoch=0, reason="too dear"),
)
"""A row of every type that reviews and people add to a journal."""

"""The vocabulary of reviews and of what people are asked: frozen, checked in the constructor."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from actors.spending.usage import Effort, Usage
from actors.vocabulary.contents import Content
from actors.vocabulary.frozen import Frozen

ROUNDS = 10
"""Attempts that a plan may have reviewed at most."""

ONE_BY_ONE = 2
"""Attempts after whose reviews there is none, or only one, to tell the next attempt of."""

REQUIREMENTS = 50
"""Of one item, at most."""

Words = Annotated[str, StringConstraints(min_length=1, max_length=2000, pattern=r"\S")]


class Gate(StrEnum):
    """What a review may ask."""

    INTENT_SATISFIED = "intent_satisfied"
    TESTS_PASSING = "tests_passing"
    """Decided by a command, not by a model."""
    DOCUMENTATION_COMPLETE = "documentation_complete"
    NO_ANTI_PATTERNS = "no_anti_patterns"
    CONSTRAINTS_MAINTAINED = "constraints_maintained"
    COMPLETENESS = "completeness"
    CORRECTNESS = "correctness"
    PRINCIPLED_IMPLEMENTATION = "principled_implementation"
    FACTS_VERIFIED = "facts_verified"


class Exhausted(StrEnum):
    """What becomes of an item whose last attempt was not good enough either."""

    FAIL = "fail"
    ACCEPT = "accept"
    """Its last result is taken, and marked as not passed."""
    ASK = "ask"
    """A person decides."""


class Review(Frozen):
    """How the results of an item are reviewed."""

    gates: Annotated[tuple[Gate, ...], Field(min_length=1)] = (Gate.INTENT_SATISFIED, Gate.COMPLETENESS)
    max_attempts: Annotated[int, Field(ge=1, le=ROUNDS)] = 3
    """Attempts that are reviewed."""
    on_exhausted: Exhausted = Exhausted.FAIL
    tests: Annotated[tuple[str, ...], Field(max_length=100)] = ()
    """The command of tests_passing: program and arguments, run in the workspace."""
    model: str | None = None
    """Of the reviewer; None: the item's."""

    @model_validator(mode="after")
    def _check(self) -> "Review":
        if len(set(self.gates)) < len(self.gates):
            raise ValueError("a gate is named twice; name it once")
        if (Gate.TESTS_PASSING in self.gates) is not bool(self.tests):
            raise ValueError("the gate tests_passing and the command `tests` belong together; give both or none")
        return self


class Purpose(StrEnum):
    """What an attempt is for."""

    WORK = "work"
    REVIEW = "review"
    EXTRACT = "extract"
    """Of requirements from the description."""
    CONSOLIDATE = "consolidate"
    """Of what several reviews found, into one text for the next attempt of work."""


class Ruling(StrEnum):
    """Why a result does not count, or an item does not begin: nothing failed, somebody did not want it."""

    REVIEW_FAILED = "review_failed"
    DENIED = "denied"
    """By a person."""


class GateVerdict(Frozen):
    """Whether the work gets through one gate."""

    gate: Gate
    passed: bool
    evidence: str


class RequirementVerdict(Frozen):
    """Whether the work meets one requirement."""

    requirement: str
    satisfied: bool
    evidence: str


class Judgement(Frozen):
    """What a reviewer found."""

    gates: tuple[GateVerdict, ...] = ()
    requirements: tuple[RequirementVerdict, ...] = ()
    issues: tuple[str, ...] = ()
    """What to change, the most important first."""
    suggested_tests: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """Every gate, and every requirement."""
        return all(one.passed for one in self.gates) and all(one.satisfied for one in self.requirements)

    @property
    def told(self) -> str:
        """What is missing, in one line."""
        gates = [one.gate.value for one in self.gates if not one.passed]
        left = sum(not one.satisfied for one in self.requirements)
        return ", ".join([*gates, *([f"{left} of {len(self.requirements)} requirements"] if left else [])])


class Answered(Frozen):
    """What a person said to an attempt's questions."""

    turn: int
    call: int
    """Where they were asked: turn and call of the item."""
    questions: tuple[str, ...]
    text: str


class Ended(Frozen):
    """An attempt that ended with something else than a result or a failure: what it took."""

    model: str | None = None
    """None if none was asked."""
    usage: Usage = Usage()
    cost_usd: float | None = None
    estimated_usd: float = 0.0
    estimated_tokens: int = 0
    effort: Effort = Effort()
    seconds: float = 0.0
    prompt: str = ""
    """Version of the prompt that made it."""


class Verdict(Ended):
    """The review is done."""

    kind: Literal["verdict"] = "verdict"
    judgement: Judgement


class Questions(Ended):
    """The work cannot be done before a person has answered; nobody's fault."""

    kind: Literal["questions"] = "questions"
    questions: tuple[str, ...]
    turn: int
    call: int


class Consolidated(Ended):
    """What several reviews found is one text, which the next attempt of work gets."""

    kind: Literal["consolidated"] = "consolidated"
    text: Content
    reviews: int
    """So many."""


class Requirements(Ended):
    """What the item's description asks for, one by one."""

    kind: Literal["requirements"] = "requirements"
    requirements: tuple[str, ...]

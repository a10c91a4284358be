"""What reviews of earlier attempts found, for the next one: the more reviews there were, the less of each. Pure."""

from collections.abc import Iterable, Sequence
from enum import StrEnum

from actors.vocabulary.review import Judgement

SUMMARY_ISSUES, SUMMARY_TESTS, CRITICAL_ISSUES = 5, 3, 3
"""At most so many are told."""

SEVERE = ("critical", "blocker", "fail", "error")
"""An issue that has one of these words is critical."""


class Level(StrEnum):
    """How much of it is told."""

    DETAILED = "detailed"
    """Of one review, everything."""
    SUMMARY = "summary"
    """Of two or three, the first issues and tests."""
    CRITICAL = "critical"
    """Of more, critical issues alone."""


def level_of(reviews: int) -> Level:
    """Of so many that did not pass."""
    if reviews < 2:
        return Level.DETAILED
    return Level.SUMMARY if reviews < 4 else Level.CRITICAL


def told(feedback: Sequence[Judgement]) -> str:
    """What the prompt says of them: what the newest did not pass, then issues and tests, the newest review's first."""
    newest, level = feedback[-1], level_of(len(feedback))
    if level is Level.DETAILED:
        return complaint(newest)
    issues = _each_once(issue for one in reversed(feedback) for issue in one.issues)
    tests = _each_once(f"suggested test: {test}" for one in reversed(feedback) for test in one.suggested_tests)
    if level is Level.SUMMARY:
        return listed([*issues[:SUMMARY_ISSUES], *_left(newest), *tests[:SUMMARY_TESTS]])
    severe = [issue for issue in issues if any(word in issue.lower() for word in SEVERE)]
    return listed([*(severe or issues)[:CRITICAL_ISSUES], *_left(newest)])


def complaint(judgement: Judgement) -> str:
    """What one review found missing."""
    tests = [f"suggested test: {text}" for text in judgement.suggested_tests]
    return listed([*judgement.issues, *_left(judgement), *tests])


def listed(lines: Iterable[str]) -> str:
    """As a list."""
    return "\n".join(f"- {line}" for line in lines)


def _left(judgement: Judgement) -> list[str]:
    """Gates and requirements that it did not pass."""
    gates = [f"{one.gate.value} failed: {one.evidence}" for one in judgement.gates if not one.passed]
    return gates + [
        f"not met: {one.requirement} ({one.evidence})" for one in judgement.requirements if not one.satisfied
    ]


def _each_once(texts: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(texts))

"""A question to the memories, and how good an answer is. Pure."""

from collections.abc import Iterable
from math import exp2
from typing import NamedTuple

from actors.journal.turns import Hit
from actors.memory.memory import Memory

RANK, IMPORTANCE, RECENCY = 0.6, 0.25, 0.15
"""What of a score is how well the words fit, how important the memory is, and how new."""
HALF_LIFE_S = 7 * 86_400.0

LOOKED_AT = 1_000
"""Memories that are ranked, the newest first: of a query that more would fit, the older ones are not."""

LIMIT = 10
LIMIT_MAX = 1_000


class Question(NamedTuple):
    """What is looked for; see actors/memory/query.py for the text."""

    text: str = ""
    min_importance: int = 1
    namespace: str | None = None
    """This one and those within it; None: all."""
    limit: int = LIMIT
    results: bool = True
    """Whether results of items count; else only what was remembered."""


class Recalled(NamedTuple):
    """A memory, and how well it answers: 0 to 1."""

    memory: Memory
    score: float

    @property
    def hit(self) -> Hit:
        """For the journal."""
        return Hit(memory=self.memory.id, score=round(self.score, 4))


class Candidate(NamedTuple):
    """A memory that fits, before it is fetched."""

    key: int
    fit: float
    """How well its words fit, in any unit; more is better, never under 0."""
    importance: int
    at: float


def best(candidates: Iterable[Candidate], limit: int, now: float) -> list[tuple[int, float]]:
    """Keys and scores, the highest first; of two alike the later first."""
    found = list(candidates)
    most = max((one.fit for one in found), default=0.0) or 1.0
    scored = ((score(one.fit / most, one.importance, now - one.at), one.at, one.key) for one in found)
    return [(key, scored_) for scored_, _, key in sorted(scored, reverse=True)[: max(0, limit)]]


def score(rank: float, importance: int, age_s: float) -> float:
    """0 to 1. `rank`: 0 to 1, the best of this question has 1."""
    return RANK * rank + IMPORTANCE * (importance - 1) / 9 + RECENCY * exp2(-max(0.0, age_s) / HALF_LIFE_S)

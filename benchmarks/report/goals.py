"""What was wished of the figures, and whether it was reached."""

from collections.abc import Iterable
from typing import NamedTuple

from benchmarks.report.tables import table


class Goal(NamedTuple):
    """A limit that is kept, and one that would be better. `value`: None if it could not be told."""

    what: str
    must: float
    stretch: float
    value: float | None
    is_ceiling: bool = True

    @property
    def reached(self) -> str:
        """In a word."""
        if self.value is None:
            return "not measured"
        return "stretch" if self._keeps(self.stretch) else "must" if self._keeps(self.must) else "**missed**"

    def _keeps(self, limit: float) -> bool:
        assert self.value is not None
        return self.value <= limit if self.is_ceiling else self.value >= limit

    def row(self) -> list[str]:
        """Of the table."""
        sign = "≤" if self.is_ceiling else "≥"
        limits = [f"{sign} {limit:g}" for limit in (self.must, self.stretch)]
        return [self.what, *limits, figure(self.value), self.reached]


def figure(value: float | None) -> str:
    """In three digits."""
    if value is None:
        return "–"
    return f"{value:.3g}" if value < 100 else f"{value:,.0f}"


def told(goals: Iterable[Goal]) -> str:
    """All of them as a table, and how many were reached."""
    known = list(goals)
    kept = sum(goal.reached in {"must", "stretch"} for goal in known)
    head = ["goal", "must", "stretch", "measured", "reached"]
    return f"{table(head, (goal.row() for goal in known))}\n{kept} of {len(known)} reached.\n"

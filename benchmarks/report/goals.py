"""What was wished of the figures, and whether it was reached."""

from collections.abc import Iterable
from typing import NamedTuple

from benchmarks.report.tables import table


class Goal(NamedTuple):
    """A limit, and one that would be better or the same. `value`: None if it could not be told."""

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
        if not self._keeps(self.must):
            return "**missed**"
        return "yes" if self.must == self.stretch else "stretch" if self._keeps(self.stretch) else "must"

    def _keeps(self, limit: float) -> bool:
        assert self.value is not None
        return self.value <= limit if self.is_ceiling else self.value >= limit

    def row(self) -> list[str]:
        """Of the table."""
        sign = "≤" if self.is_ceiling else "≥"
        must, stretch = (f"{sign} {limit:g}" for limit in (self.must, self.stretch))
        return [self.what, must, stretch if stretch != must else "", figure(self.value), self.reached]


def figure(value: float | None) -> str:
    """In three digits."""
    if value is None:
        return "–"
    return f"{value:.3g}" if value < 100 else f"{value:,.0f}"


def told(goals: Iterable[Goal]) -> str:
    """All of them as a table, and how many were reached."""
    known = list(goals)
    kept = sum(goal.reached in {"yes", "must", "stretch"} for goal in known)
    head = ["goal", "must", "stretch", "measured", "reached"]
    return f"{table(head, (goal.row() for goal in known))}\n{kept} of {len(known)} reached.\n"

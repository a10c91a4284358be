"""What a board is made of: panels with their queries, told in one line each."""

from collections.abc import Sequence
from typing import Final, NamedTuple

J = 'job=~"$job"'
R = "[$__rate_interval]"

Kind = str
"""stat, timeseries, stack, timeline or table."""


class Query(NamedTuple):
    """PromQL and the legend of its series."""

    expr: str
    legend: str = ""


class Step(NamedTuple):
    """From this value on, this colour."""

    value: float
    color: str


class Panel(NamedTuple):
    """One panel; `width` in columns of 24. `quiet`: it is well if there is nothing to show.

    `steps`: colours of a stat or a timeline, which have the calm one below the first. `units`: of single columns.
    """

    title: str
    description: str
    kind: Kind
    unit: str
    queries: Sequence[Query]
    width: int = 8
    quiet: bool = False
    steps: Sequence[Step] = ()
    units: Sequence[tuple[str, str]] = ()


ANY_IS_BAD: Final = (Step(1, "red"),)


class Board(NamedTuple):
    """One board."""

    uid: str
    title: str
    rows: Sequence[tuple[str, Sequence[Panel]]]

    @property
    def panels(self) -> list[Panel]:
        """All of them, in their order."""
        return [panel for _, panels in self.rows for panel in panels]


def rise(metric: str, by: str, more: str = "") -> Query:
    """What a counter rose by, by a label."""
    return Query(f"sum by ({by}) (increase({metric}{{{J}{more}}}{R}))", f"{{{{{by}}}}}")


def rate(metric: str, by: str, more: str = "") -> Query:
    """Of a counter per second, by a label."""
    return Query(f"sum by ({by}) (rate({metric}{{{J}{more}}}{R}))", f"{{{{{by}}}}}")


def quantiles(metric: str) -> list[Query]:
    """Of a histogram: the middle, and what few exceed."""
    inner = f"sum by (le) (rate({metric}_bucket{{{J}}}{R}))"
    return [Query(f"histogram_quantile({q}, {inner})", f"p{int(q * 100)}") for q in (0.5, 0.95, 0.99)]


def now(metric: str, by: str = "", fold: str = "sum", more: str = "") -> Query:
    """A gauge, folded over what scrapes it, by labels."""
    if not by:
        return Query(f"{fold}({metric}{{{J}{more}}})", "")
    return Query(f"{fold} by ({by}) ({metric}{{{J}{more}}})", " ".join(f"{{{{{name}}}}}" for name in by.split(", ")))


def ratio(by: str, metric: str, part: str, whole: str = "") -> str:
    """The share of one rate in another, where there is any."""
    above, below = (f"sum by ({by}) (rate({metric}{{{J}{more}}}{R}))" for more in (part, whole))
    return f"{above} / ({below} > 0)"

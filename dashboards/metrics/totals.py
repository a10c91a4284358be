"""Sums by name and label values: what the counters and histograms of the table stand at."""

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from typing import Any

from dashboards.metrics.table import COUNTED

Labels = tuple[str, ...]

_BUCKETS = {metric.name: metric.buckets for metric in COUNTED if metric.kind == "histogram"}


class Totals:
    """They never fall."""

    def __init__(self) -> None:
        self.counters: dict[str, dict[Labels, float]] = {m.name: {} for m in COUNTED if m.kind == "counter"}
        self.histograms: dict[str, dict[Labels, list[float]]] = {name: {} for name in _BUCKETS}
        """Observations of each bucket, above all of them, and their sum."""

    def add(self, name: str, *labels: str, by: float = 1.0) -> None:
        """Count. What cannot be, a negative amount, is nothing."""
        if by > 0:
            series = self.counters[name]
            series[labels] = series.get(labels, 0.0) + by

    def count(self, name: str, *labels: str, by: float = 1.0) -> None:
        """`add` for a counter of ours, by the name that table.py gives it."""
        self.add(f"mnemosyne_{name}_total", *labels, by=by)

    def observe(self, name: str, *labels: str, value: float) -> None:
        """Into the histogram."""
        bounds = _BUCKETS[name]
        row = self.histograms[name].setdefault(labels, [0.0] * (len(bounds) + 2))
        row[bisect_left(bounds, value)] += 1
        row[-1] += max(value, 0.0)

    def to_json(self) -> dict[str, Any]:
        """For the snapshot."""
        return {
            "counters": {name: _pairs(series) for name, series in self.counters.items() if series},
            "histograms": {name: _pairs(series) for name, series in self.histograms.items() if series},
        }

    def load(self, told: Mapping[str, Any]) -> None:
        """What a snapshot said. Raises KeyError, TypeError, ValueError."""
        for name, pairs in told["counters"].items():
            self.counters[name] = {tuple(labels): float(value) for labels, value in pairs}
        for name, pairs in told["histograms"].items():
            rows = {tuple(labels): [float(part) for part in row] for labels, row in pairs}
            if any(len(row) != len(_BUCKETS[name]) + 2 for row in rows.values()):
                raise ValueError(f"{name} had other buckets")
            self.histograms[name] = rows


def _pairs(series: Mapping[Labels, Any]) -> list[Iterable[Any]]:
    return [[labels, value] for labels, value in series.items()]

"""The section of W6."""

import statistics
from collections.abc import Iterator
from typing import Any

from benchmarks.report.drawing import Bar, bars
from benchmarks.report.goals import Goal
from benchmarks.report.tables import table

Json = dict[str, Any]

OURS = "mnemosyne"


def section(kept: Json) -> Iterator[str]:
    """Text of the report."""
    yield "## W6: SIGKILL in the middle of a fan-out, and on\n"
    yield (
        f"{kept['items']} calls of about a second, {kept['at_once']} at once; the signal comes when half are answered. "
        "Medians. *Asked again* is what is paid a second time, counted at the "
        "model's server; beyond what was in flight it is work that had been answered and was lost. A plain loop of "
        "asyncio, Ray or Dask keeps nothing: all that was answered is asked again, by construction.\n"
    )
    yield "![W6](results/W6.svg)\n"
    head = [
        "killed",
        "answered before",
        "in flight",
        "asked again",
        "of it answered before",
        "next new call s",
        "end s",
        "trials",
    ]
    yield table(head, rows(kept))
    yield (
        "Seconds count from the moment when somebody began to go on: the signal itself where a fleet goes on by "
        "itself, the second start elsewhere, its imports included.\n"
    )
    for name, why in kept["missing"].items():
        yield f"**Not measured: {name}.** {why}\n"


def middle(trials: list[Json], field: str) -> float | None:
    """The median of what is known."""
    known = [trial[field] for trial in trials if trial[field] is not None]
    return statistics.median(known) if known else None


def rows(kept: Json) -> Iterator[list[str]]:
    """One for each system."""
    for name, trials in kept["trials"].items():
        if trials:
            lost = statistics.median(max(trial["again"] - trial["in_flight"], 0) for trial in trials)
            told = [middle(trials, field) for field in ("answered", "in_flight", "again")]
            waits = [middle(trials, field) for field in ("first_call_s", "end_s")]
            counts = [f"{value:g}" for value in (*told, lost)]
            yield [name, *counts, *("–" if wait is None else f"{wait:.1f}" for wait in waits), f"{len(trials)}"]


def goals(kept: Json) -> Iterator[Goal]:
    """Of ours, in the worst trial."""
    for case, field, what, most in (
        ("driver of a fleet", "again", "calls asked again when the driver of a fleet is killed", 0),
        ("one agent of two", "again", "calls asked again when an agent is killed", kept["at_once"] // kept["agents"]),
        ("everything", "first_call_s", "seconds from `resume` to the next new call", 5),
    ):
        trials = kept["trials"].get(f"{OURS}, {case}", [])
        known = [trial[field] for trial in trials if trial[field] is not None]
        yield Goal(f"W6: {what}", most, most, max(known, default=None))


def pictures(kept: Json) -> Iterator[tuple[str, str]]:
    """Names and drawings."""
    told = []
    for name, trials in kept["trials"].items():
        if (again := middle(trials, "again")) is not None:
            told.append(Bar(name, again, f"{again:g}", name.startswith(OURS)))
    if told:
        yield "W6", bars(f"W6: calls of {kept['items']} that are asked again after SIGKILL", told, is_log=False)

"""The section of W5."""

import statistics
from collections.abc import Iterator
from typing import Any

from benchmarks.report.drawing import Bar, bars
from benchmarks.report.goals import Goal
from benchmarks.report.tables import table

Json = dict[str, Any]

OURS = "mnemosyne"
SHARE = 0.97


def section(kept: Json) -> Iterator[str]:
    """Text of the report."""
    limits = kept["limits"]
    yield "## W5: calls at the limit of an API\n"
    yield (
        f"{limits['requests']:,} requests and {limits['input_tokens']:,} input tokens per minute, of which "
        f"{limits['burst_s']} seconds' worth at once; calls of {limits['tokens_of_call']} tokens in the mean, "
        f"{limits['at_once']} at once, answers after {limits['latency_s']:g} s; a server of our own with real buckets "
        "and headers. The share is what was accepted of what the scarcer limit allowed from the first call to the last "
        "answer, the full bucket of the beginning included: a short run can use less of it, for half of that bucket "
        "is left alone. The SDK's retries are what raw asyncio, Ray, Dask, DBOS and Prefect would have too.\n"
    )
    yield "![W5, failed](results/W5.svg)\n\n![W5, refused](results/W5-refused.svg)\n"
    head = ["system", "calls", "tokens/call", "failed", "429", "paid twice", "seconds", "share", "trials"]
    yield table(head, rows(kept))
    for name, why in kept["missing"].items():
        yield f"**Not measured: {name}.** {why}\n"


COUNTS = ("calls", "tokens_of_call", "failed", "limited", "twice")


def middle(trials: list[Json], field: str) -> float:
    """Of the trials of one."""
    return float(statistics.median(trial[field] for trial in trials))


def rows(kept: Json) -> Iterator[list[str]]:
    """One for each case."""
    for name, trials in kept["cases"].items():
        counts = [
            f"{middle(trials, field):,.0f}" for field in ("calls", "tokens_of_call", "failed", "limited", "twice")
        ]
        took = [f"{middle(trials, 'seconds'):.1f}", f"{middle(trials, 'share'):.3f}"]
        yield [name, *counts, *took, f"{len(trials)}"]


def goals(kept: Json) -> Iterator[Goal]:
    """Of all that is ours; the share of the longest."""
    ours = [trial for name, trials in kept["cases"].items() if name.startswith(OURS) for trial in trials]
    for what, field in (("calls refused with 429, in all cases", "limited"), ("calls that failed", "failed")):
        yield Goal(f"W5: {what}", 0, 0, sum(trial[field] for trial in ours) if ours else None)
    longest = max((trial["calls"] for trial in ours), default=None)
    share = [trial["share"] for trial in ours if trial["calls"] == longest]
    what = f"W5: share of the limit that is used, {longest or 0:,} calls"
    yield Goal(what, SHARE, SHARE, min(share, default=None), is_ceiling=False)


def pictures(kept: Json) -> Iterator[tuple[str, str]]:
    """Names and drawings."""
    for name, field, title in (
        ("W5", "failed", "W5: calls of a hundred that failed"),
        ("W5-refused", "limited", "W5: refused with 429, for a hundred calls"),
    ):
        told = []
        for case, trials in kept["cases"].items():
            share = 100 * middle(trials, field) / middle(trials, "calls")
            told.append(Bar(case, share, f"{share:.3g}", case.startswith(OURS)))
        if told:
            yield name, bars(title, told, is_log=False)

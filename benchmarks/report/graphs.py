"""The section of W1-W3."""

import statistics
from collections.abc import Iterator
from typing import Any

from benchmarks.report.drawing import Bar, bars
from benchmarks.report.tables import paired, table, times

OURS, FLOOR = "mnemosyne", "raw Ray actor calls"

ABOUT = {
    "W1": "a chain of 200 items",
    "W2": "one item, 1,000 items, one item",
    "W3": "2,000 items in 10 layers, each with 3 random parents",
}

GOALS = (
    ("W2", FLOOR, 6, 12),
    ("W3", FLOOR, 3, 5),
    ("W2", "LangGraph, SQLite", 8, 14),
    ("W3", "LangGraph, SQLite", 8, 14),
    ("W2", "DBOS, PostgreSQL", 30, 60),
    ("W3", "DBOS, PostgreSQL", 30, 60),
)
"""How many times as fast at least, and better."""

STEP_MS = (8.0, 4.0)

Json = dict[str, Any]


def section(kept: Json) -> Iterator[str]:
    """Text of the report."""
    yield "## W1-W3: what an item costs that does nothing\n"
    yield (
        f"Medians; rounds: {kept['rounds']} ({kept['few']} of DBOS and Prefect), one system after the other in each, "
        "after one round that warms up. A ratio is the median of the ratios within the rounds, of the time for an "
        "item.\n"
    )
    for workload, about in ABOUT.items():
        yield f"### {workload}: {about}\n"
        yield f"![{workload}](results/{workload}.svg)\n"
        yield table(
            ["system", "items", "ms/item", "items/s", "× raw Ray", "mnemosyne is × as fast"], rows(kept, workload)
        )
    yield "What is on disk when an item counts as done:\n"
    yield "\n".join(f"- {system['name']}: {system['durable']}" for system in kept["systems"]) + "\n"
    for name, why in kept["missing"].items():
        yield f"**Not measured: {name}.** {why}\n"
    yield "### Goals\n"
    yield table(["goal", "must", "stretch", "measured", ""], goals(kept))


def each(kept: Json, workload: str, name: str) -> list[float]:
    """Seconds for an item, by round; empty if it was not measured."""
    for system in kept["systems"]:
        if system["name"] == name and (told := system["workloads"].get(workload)) and not told["error"]:
            return [seconds / told["items"] for seconds in told["seconds"]]
    return []


def rows(kept: Json, workload: str) -> Iterator[list[str]]:
    """One for each system."""
    for system in kept["systems"]:
        told, spent = system["workloads"][workload], each(kept, workload, system["name"])
        if not spent:
            yield [system["name"], f"{told['items']:,}", f"failed: {told['error']}", "", "", ""]
            continue
        median = statistics.median(spent)
        ratios = (
            paired(each(kept, workload, FLOOR), spent),
            paired(spent, each(kept, workload, OURS)) if system["name"] != OURS else None,
        )
        yield [system["name"], f"{told['items']:,}", f"{1e3 * median:.3f}", f"{1 / median:,.0f}", *map(times, ratios)]


def goals(kept: Json) -> Iterator[list[str]]:
    """One for each goal that can be told."""
    if step := each(kept, "W1", OURS):
        ms = 1e3 * statistics.median(step)
        yield ["W1: ms for a dependent step, at most", *(f"{limit:g}" for limit in STEP_MS), f"{ms:.2f}", _met(ms)]
    for workload, against, must, stretch in GOALS:
        ratio = paired(each(kept, workload, against), each(kept, workload, OURS))
        if ratio is not None:
            reached = "stretch" if ratio >= stretch else "must" if ratio >= must else "**not reached**"
            yield [f"{workload}: times as fast as {against}", f"{must}", f"{stretch}", times(ratio), reached]


def _met(ms: float) -> str:
    must, stretch = STEP_MS
    return "stretch" if ms <= stretch else "must" if ms <= must else "**not reached**"


def pictures(kept: Json) -> Iterator[tuple[str, str]]:
    """Names and drawings."""
    for workload, about in ABOUT.items():
        told = []
        for system in kept["systems"]:
            if spent := each(kept, workload, system["name"]):
                rate = 1 / statistics.median(spent)
                told.append(Bar(system["name"], rate, f"{rate:,.0f}/s", system["name"] == OURS))
        if told:
            title = f"{workload}, {about}: items per second (logarithmic)"
            yield workload, bars(title, sorted(told, key=lambda bar: -bar.value), is_log=True)

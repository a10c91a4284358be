"""The section of W7."""

import math
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from benchmarks.report.drawing import lines
from benchmarks.report.tables import table

Json = dict[str, Any]

OURS = "mnemosyne"
GOALS = (("MiB for 10,000 items, at most", 40, 15), ("exponent of CPU, at most", 1.10, 1.03))


def section(kept: Json) -> Iterator[str]:
    """Text of the report."""
    yield "## W7: what grows with the items of a plan\n"
    yield (
        "W3 of more and more items, each size once, in processes that begin anew. Memory is the peak of all processes "
        "of a system together over what they held before; the exponent is that of CPU from the size before, 1 is "
        "linear. A server's own memory and CPU are not counted (DBOS). Prefect is not measured: it does some ten items "
        "a second.\n"
    )
    yield "![W7, time](results/W7-time.svg)\n\n![W7, memory](results/W7-memory.svg)\n"
    head = ["system", "items", "s", "µs CPU/item", "exponent", "MiB grown", "MiB/10,000 items", "journal bytes/item"]
    yield table(head, rows(kept))
    if goal := list(goals(kept)):
        yield table(["goal", "must", "stretch", "measured", ""], goal)


def measured(kept: Json, system: str) -> list[tuple[int, Json]]:
    """Sizes and figures, smallest first, without what failed."""
    return [(int(items), told) for items, told in kept["systems"].get(system, {}).items() if "error" not in told]


def exponents(told: list[tuple[int, Json]]) -> list[float | None]:
    """Of CPU, from the size before each."""
    found: list[float | None] = [None]
    for (fewer, before), (more, after) in pairwise(told):
        known = min(before["cpu_s"], after["cpu_s"]) > 0
        found.append(math.log(after["cpu_s"] / before["cpu_s"]) / math.log(more / fewer) if known else None)
    return found[: len(told)]


def rows(kept: Json) -> Iterator[list[str]]:
    """One for each system and size."""
    for system, all_ in kept["systems"].items():
        told = measured(kept, system)
        for (items, one), exponent in zip(told, exponents(told), strict=True):
            journal = "–" if one["journal"] is None else f"{one['journal'] / items:,.0f}"
            yield [
                system,
                f"{items:,}",
                f"{one['seconds']:.2f}",
                f"{1e6 * one['cpu_s'] / items:,.0f}",
                "–" if exponent is None else f"{exponent:.2f}",
                f"{one['mib']:.1f}",
                f"{one['mib'] / items * 1e4:.1f}",
                journal,
            ]
        for items, one in all_.items():
            if "error" in one:
                yield [system, f"{int(items):,}", f"failed: {one['error']}", "", "", "", "", ""]


def goals(kept: Json) -> Iterator[list[str]]:
    """Of ours, at the largest size; the exponent from the size before."""
    told = measured(kept, OURS)
    if len(told) < 2:
        return
    items, most = told[-1]
    for (name, must, stretch), value in zip(GOALS, (most["mib"] / items * 1e4, exponents(told)[-1]), strict=True):
        if value is not None:
            reached = "stretch" if value <= stretch else "must" if value <= must else "**not reached**"
            yield [f"{name} ({items:,} items)", f"{must:g}", f"{stretch:g}", f"{value:.2f}", reached]


def pictures(kept: Json) -> Iterator[tuple[str, str]]:
    """Names and drawings."""
    for name, field, title in (
        ("W7-time", "seconds", "W7: seconds for a plan"),
        ("W7-memory", "mib", "W7: MiB over what was held before, at the peak"),
    ):
        told = {system: [(items, one[field]) for items, one in measured(kept, system)] for system in kept["systems"]}
        if any(y > 0 for points in told.values() for _, y in points):
            yield name, lines(title, {system: points for system, points in told.items() if points}, "items")

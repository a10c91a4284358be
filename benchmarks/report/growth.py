"""The section of W7."""

import math
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from benchmarks.report.drawing import lines
from benchmarks.report.goals import Goal
from benchmarks.report.tables import table

Json = dict[str, Any]

OURS = "mnemosyne"
LIMITS = (("MiB for 10,000 items over the idle fleet", 40, 15), ("exponent of CPU", 1.10, 1.03))


def section(kept: Json) -> Iterator[str]:
    """Text of the report."""
    yield "## W7: what grows with the items of a plan\n"
    yield (
        "W3 of more and more items, each size once, in processes that begin anew. Memory is the peak of all processes "
        "of a system together over what they held before; the exponent is that of CPU from the size before, 1 is "
        "linear. The memory of a server is not counted (DBOS). Prefect is not measured: it does some ten items "
        "a second.\n"
    )
    yield "![W7, time](results/W7-time.svg)\n\n![W7, memory](results/W7-memory.svg)\n"
    head = ["system", "items", "s", "µs CPU/item", "exponent", "MiB grown", "MiB/10,000 items", "journal bytes/item"]
    yield table(head, rows(kept))


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


def goals(kept: Json) -> Iterator[Goal]:
    """Of ours, at the largest size; the exponent from the size before."""
    told = measured(kept, OURS)
    items, memory = (told[-1][0], told[-1][1]["mib"] / told[-1][0] * 1e4) if told else (0, None)
    for (what, must, stretch), value in zip(LIMITS, (memory, (exponents(told) or [None])[-1]), strict=True):
        yield Goal(f"W7: {what}, {items:,} items", must, stretch, value)


def pictures(kept: Json) -> Iterator[tuple[str, str]]:
    """Names and drawings."""
    for name, field, title in (
        ("W7-time", "seconds", "W7: seconds for a plan"),
        ("W7-memory", "mib", "W7: MiB over what was held before, at the peak"),
    ):
        told = {system: [(items, one[field]) for items, one in measured(kept, system)] for system in kept["systems"]}
        if any(y > 0 for points in told.values() for _, y in points):
            yield name, lines(title, {system: points for system, points in told.items() if points}, "items")

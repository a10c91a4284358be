"""The section of W4."""

import statistics
from collections.abc import Iterator
from typing import Any

from benchmarks.report.drawing import Bar, bars
from benchmarks.report.tables import paired, table, times

Json = dict[str, Any]

OURS, FLOOR = "runs on a fleet", "SDK alone, aiohttp"
GOALS = (("wall / ideal, at most", 1.45, 1.25), ("ms of CPU for a call, at most", 2.5, 1.9))


def section(kept: Json) -> Iterator[str]:
    """Text of the report."""
    yield "## W4: what a call to Claude costs\n"
    yield (
        f"{kept['calls']} calls of 200 ms through the real SDK, {kept['at_once']} at once, to a server of our own; "
        f"medians of {kept['rounds']} interleaved rounds. Ideal is {kept['ideal_s']:g} s. CPU is that of the calling "
        "process; of the fleet, of all its processes. The other peers make their calls through the same SDK and are "
        "not measured here.\n"
    )
    yield "![W4](results/W4.svg)\n"
    yield table(["way", "wall / ideal", "ms CPU/call", "× the SDK's CPU"], rows(kept))
    yield table(["goal", "must", "stretch", "measured", ""], goals(kept))


def middle(kept: Json, way: str) -> tuple[float, float]:
    """Wall over ideal, and ms of CPU for a call."""
    wall, cpu = (statistics.median(column) for column in zip(*kept["ways"][way], strict=True))
    return wall / kept["ideal_s"], 1e3 * cpu / kept["calls"]


def rows(kept: Json) -> Iterator[list[str]]:
    """One for each way."""
    for way, taken in kept["ways"].items():
        wall, cpu = middle(kept, way)
        ratio = paired([one[1] for one in taken], [one[1] for one in kept["ways"][FLOOR]])
        yield [f"mnemosyne, {way}" if way == OURS else way, f"{wall:.2f}", f"{cpu:.2f}", times(ratio)]


def goals(kept: Json) -> Iterator[list[str]]:
    """Of ours."""
    for (name, must, stretch), value in zip(GOALS, middle(kept, OURS), strict=True):
        reached = "stretch" if value <= stretch else "must" if value <= must else "**not reached**"
        yield [name, f"{must:g}", f"{stretch:g}", f"{value:.2f}", reached]


def pictures(kept: Json) -> Iterator[tuple[str, str]]:
    """Names and drawings."""
    told = [(way, middle(kept, way)[1]) for way in kept["ways"]]
    drawn = [Bar(way, cpu, f"{cpu:.2f} ms", way == OURS) for way, cpu in told]
    yield "W4", bars("W4: ms of CPU for a call", drawn, is_log=False)

"""The section of W4."""

from collections.abc import Iterator

from benchmarks.report.drawing import Bar, bars
from benchmarks.report.goals import Goal
from benchmarks.report.tables import paired, table, times
from benchmarks.report.taken import Json, absent, each, middle, rounds

OURS, FLOOR = "mnemosyne", "raw asyncio"
LIMITS = (("wall / ideal", 1.45, 1.25), ("ms of CPU for a call", 2.5, 1.9))


def section(kept: Json) -> Iterator[str]:
    """Text of the report."""
    yield "## W4: what a call to Claude costs\n"
    yield (
        f"{kept['calls']} calls of 200 ms through the real SDK, {kept['at_once']} at once, to a server of our own; "
        f"ideal is {kept['ideal_s']:g} s. Everybody asks over aiohttp but where it is said. CPU is that of all "
        "processes of a system. The adapter is our way of calling the SDK, in a loop of asyncio. Dask is not measured: "
        "its workers would need a hundred threads.\n"
    )
    yield rounds(kept)
    yield "![W4, wall](results/W4.svg)\n\n![W4, CPU](results/W4-cpu.svg)\n"
    yield table(["system", "wall / ideal", "ms CPU/call", "× CPU of raw asyncio"], rows(kept))
    yield from absent(kept)


def figures(kept: Json, name: str) -> tuple[float, float] | None:
    """Wall over ideal, and ms of CPU for a call."""
    wall, cpu = (middle(kept, "W4", name, field) for field in ("seconds", "cpu_s"))
    return None if wall is None or cpu is None else (wall * kept["calls"] / kept["ideal_s"], 1e3 * cpu)


def rows(kept: Json) -> Iterator[list[str]]:
    """One for each system."""
    for system in kept["systems"]:
        name = system["name"]
        if told := figures(kept, name):
            ratio = paired(each(kept, "W4", name, "cpu_s"), each(kept, "W4", FLOOR, "cpu_s"))
            yield [name, *(f"{value:.2f}" for value in told), times(ratio)]
        else:
            yield [name, f"failed: {system['workloads']['W4']['error']}", "", ""]


def goals(kept: Json) -> Iterator[Goal]:
    """Of ours."""
    for (what, must, stretch), value in zip(LIMITS, figures(kept, OURS) or (None, None), strict=True):
        yield Goal(f"W4: {what}", must, stretch, value)


def pictures(kept: Json) -> Iterator[tuple[str, str]]:
    """Names and drawings."""
    known = {system["name"]: figures(kept, system["name"]) for system in kept["systems"]}
    for name, which, title in (("W4", 0, "W4: seconds over the ideal"), ("W4-cpu", 1, "W4: ms of CPU for a call")):
        drawn = [Bar(of, told[which], f"{told[which]:.2f}", of == OURS) for of, told in known.items() if told]
        if drawn:
            yield name, bars(title, sorted(drawn, key=lambda bar: bar.value), is_log=False)

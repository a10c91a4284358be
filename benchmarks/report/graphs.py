"""The section of W1-W3."""

from collections.abc import Iterator

from benchmarks.report.drawing import Bar, bars
from benchmarks.report.goals import Goal
from benchmarks.report.tables import paired, table, times
from benchmarks.report.taken import Json, absent, each, middle, rounds

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

HEAD = ["system", "items", "ms/item", "items/s", "ms CPU/item", "× raw Ray", "mnemosyne is × as fast"]


def section(kept: Json) -> Iterator[str]:
    """Text of the report."""
    yield "## W1-W3: what an item costs that does nothing\n"
    yield f"{rounds(kept)}CPU is that of all processes of a system, its server's too.\n"
    for workload, about in ABOUT.items():
        yield f"### {workload}: {about}\n"
        yield f"![{workload}](results/{workload}.svg)\n"
        yield table(HEAD, rows(kept, workload))
    yield "What is on disk when an item counts as done:\n"
    yield "\n".join(f"- {system['name']}: {system['durable']}" for system in kept["systems"]) + "\n"
    yield from absent(kept)


def rows(kept: Json, workload: str) -> Iterator[list[str]]:
    """One for each system."""
    for system in kept["systems"]:
        name, told = system["name"], system["workloads"][workload]
        spent, cpu = (middle(kept, workload, name, field) for field in ("seconds", "cpu_s"))
        if spent is None or cpu is None:
            yield [name, f"{told['items']:,}", f"failed: {told['error']}", *[""] * 4]
            continue
        took = each(kept, workload, name)
        above = paired(each(kept, workload, FLOOR), took)
        ours = paired(took, each(kept, workload, OURS)) if name != OURS else None
        rates = (f"{1e3 * spent:.3f}", f"{1 / spent:,.0f}", f"{1e3 * cpu:.2f}")
        yield [name, f"{told['items']:,}", *rates, times(above), times(ours)]


def goals(kept: Json) -> Iterator[Goal]:
    """Of ours."""
    step = middle(kept, "W1", OURS)
    yield Goal("W1: ms for a dependent step", *STEP_MS, None if step is None else 1e3 * step)
    for workload, against, must, stretch in GOALS:
        ratio = paired(each(kept, workload, against), each(kept, workload, OURS))
        yield Goal(f"{workload}: times as fast as {against}", must, stretch, ratio, is_ceiling=False)


def pictures(kept: Json) -> Iterator[tuple[str, str]]:
    """Names and drawings."""
    for workload, about in ABOUT.items():
        told = []
        for system in kept["systems"]:
            if spent := middle(kept, workload, system["name"]):
                told.append(Bar(system["name"], 1 / spent, f"{1 / spent:,.0f}/s", system["name"] == OURS))
        if told:
            title = f"{workload}, {about}: items per second (logarithmic)"
            yield workload, bars(title, sorted(told, key=lambda bar: -bar.value), is_log=True)

"""The section of W8."""

from collections.abc import Iterator, Mapping
from typing import Any

from benchmarks.report.drawing import lines
from benchmarks.report.goals import Goal
from benchmarks.report.tables import table

Json = dict[str, Any]

OURS = "mnemosyne"
FLAT = 1.05
"""Times the mean: still called flat."""


def section(kept: Json) -> Iterator[str]:
    """Text of the report."""
    said = 2 * kept["characters"]
    yield "## W8: what a turn of a conversation takes on disk\n"
    yield (
        f"Conversations of {', '.join(map(str, kept['turns']))} turns, each of {said:,} characters (the model's and a "
        "tool's), in SQLite; the file when its process has ended. *The last ones* is what the last quarter took, by "
        "the turn: flat if it is not more than the mean. The product ends an item after 50 turns, which is lifted "
        "here; its context was large enough for nothing to be condensed. LangGraph keeps the whole state with every "
        "step; DBOS keeps each step's result.\n"
    )
    yield "![W8](results/W8.svg)\n"
    head = ["system", *(f"{turns} turns, KiB" for turns in kept["turns"]), "bytes/turn", "the last ones"]
    yield table(head, rows(kept))
    for name, why in kept["missing"].items():
        yield f"**Not measured: {name}.** {why}\n"


def by_turn(kept: Json, told: Mapping[str, int]) -> tuple[float, float]:
    """Bytes for a turn: of all turns, of the last ones."""
    *_, before, most = kept["turns"]
    return told[str(most)] / most, (told[str(most)] - told[str(before)]) / (most - before)


def rows(kept: Json) -> Iterator[list[str]]:
    """One for each system."""
    for system, told in kept["bytes"].items():
        sizes = [f"{told[str(turns)] / 1024:,.0f}" for turns in kept["turns"]]
        yield [system, *sizes, *(f"{one:,.0f}" for one in by_turn(kept, told))]


def goals(kept: Json) -> Iterator[Goal]:
    """Of ours."""
    told = kept["bytes"].get(OURS)
    mean, last = by_turn(kept, told) if told else (1.0, None)
    value = None if last is None else round(last / mean, 2)
    yield Goal(f"W8: bytes of the last turns of {kept['turns'][-1]}, over the mean", FLAT, 1, value)


def pictures(kept: Json) -> Iterator[tuple[str, str]]:
    """Names and drawings."""
    told = {
        system: [(int(turns), size / 1024) for turns, size in sizes.items()] for system, sizes in kept["bytes"].items()
    }
    if told:
        yield "W8", lines("W8: KiB on disk of a whole conversation", told, "turns")

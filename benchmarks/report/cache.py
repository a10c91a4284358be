"""The section of W9."""

from collections.abc import Iterator
from typing import Any

from benchmarks.report.drawing import Bar, bars
from benchmarks.report.goals import Goal
from benchmarks.report.tables import table

Json = dict[str, Any]

LED = "behind a leader"
NEAR = 1.05
"""Times the best that is possible: still called near."""


def section(kept: Json) -> Iterator[str]:
    """Text of the report."""
    yield "## W9: what a fan-out pays for the beginning that its prompts share\n"
    yield (
        f"Calls of the real SDK that share {kept['shared_tokens']:,} tokens, answers of a second whose first half "
        "passes before the first token, to a server of our own that counts the cache. Beginnings are those paid "
        f"for, in prices of plain input: a write costs {kept['write']:g}, a read {kept['read']:g}. *At once* is what "
        "every system pays that starts a fan-out at once, and what the product paid before it let a leader go first.\n"
    )
    yield "![W9](results/W9.svg)\n"
    head = ["calls", "way", "beginnings paid", "at best", "read from the cache, tokens", "modelled cost", "s"]
    yield table(head, rows(kept))


def best(kept: Json, width: int) -> float:
    """One writes, all others read."""
    return float(kept["write"] + kept["read"] * (width - 1))


def rows(kept: Json) -> Iterator[list[str]]:
    """One for each width and way."""
    for one in kept["fan_outs"]:
        paid = [f"{one['beginnings']:.2f}", f"{best(kept, one['width']):.2f}", f"{one['read_tokens']:,}"]
        yield [f"{one['width']}", one["way"], *paid, f"${one['cost_usd']:.4f}", f"{one['seconds']:.2f}"]


def widest(kept: Json) -> list[Json]:
    """Both ways of the largest fan-out."""
    width = max(one["width"] for one in kept["fan_outs"])
    return [one for one in kept["fan_outs"] if one["width"] == width]


def goals(kept: Json) -> Iterator[Goal]:
    """Of the largest fan-out."""
    for one in widest(kept):
        if one["way"] == LED:
            least = round(best(kept, one["width"]), 2)
            what = f"W9: beginnings paid by {one['width']} calls"
            yield Goal(what, round(NEAR * least, 2), least, round(one["beginnings"], 2))


def pictures(kept: Json) -> Iterator[tuple[str, str]]:
    """Names and drawings."""
    told = [Bar(one["way"], one["beginnings"], f"{one['beginnings']:.2f}", one["way"] == LED) for one in widest(kept)]
    yield "W9", bars(f"W9: beginnings paid by {widest(kept)[0]['width']} calls", told, is_log=False)

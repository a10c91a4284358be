"""What systems took in their turns (see benchmarks/turns.py), as the report reads it."""

import statistics
from collections.abc import Iterator
from typing import Any

Json = dict[str, Any]


def each(kept: Json, workload: str, name: str, field: str = "seconds") -> list[float]:
    """Seconds for an item, by round; empty if it was not measured."""
    for system in kept["systems"]:
        if system["name"] == name and (told := system["workloads"].get(workload)) and not told["error"]:
            return [seconds / told["items"] for seconds in told[field]]
    return []


def middle(kept: Json, workload: str, name: str, field: str = "seconds") -> float | None:
    """The median of these."""
    spent = each(kept, workload, name, field)
    return statistics.median(spent) if spent else None


def rounds(kept: Json) -> str:
    """How it was measured."""
    return (
        f"Medians; rounds: {kept['rounds']} (of some {kept['few']}), one system after the other in each, "
        "after one round that warms up. A ratio is the median of the ratios within the rounds. Whoever's turn it was "
        f"not was stopped: all that were stopped used {kept['resting_cpu_s']:g} s of CPU in all the turns together.\n"
    )


def absent(kept: Json) -> Iterator[str]:
    """What is missing, and why."""
    for name, why in kept["missing"].items():
        yield f"**Not measured: {name}.** {why}\n"

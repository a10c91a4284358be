"""Writes RESULTS.md and its pictures from what was measured last, part by part: `python -m benchmarks.report`."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.report import calls, graphs, growth, kept, kills, talks

REPORT = Path(__file__).resolve().parent.parent / "RESULTS.md"

INTRODUCTION = """# Results

Written by `make bench`, which runs every part below (about 20 minutes), or by one part alone. Durability differs from
system to system and is said with each. Two cores are few: what runs beside a measurement is in its figures, which is
why systems are measured in turns and compared as ratios.

How a limit is used (W5) and what prompts pay that begin alike (W9) are measured by `make bench-governor` and
`make bench-cache`: see [the governor](../docs/governor.md).
"""


CALM = 1.0
"""Load at the beginning: more is somebody else's work."""

BUSY = " **Other work was going on: absolute figures are worth little, ratios are good to a factor of two.**"


class Part(NamedTuple):
    """What a part becomes in the report."""

    name: str
    command: str
    section: Callable[[dict[str, Any]], Iterator[str]]
    pictures: Callable[[dict[str, Any]], Iterator[tuple[str, str]]]


PARTS = (
    Part("graphs", "make bench-graphs", graphs.section, graphs.pictures),
    Part("calls", "make bench-calls", calls.section, calls.pictures),
    Part("kills", "make bench-kills", kills.section, kills.pictures),
    Part("growth", "make bench-growth", growth.section, growth.pictures),
    Part("talks", "make bench-talks", talks.section, talks.pictures),
)


def about(part: Part, told: dict[str, Any]) -> str:
    """Where and when."""
    machine, (before, after) = told["machine"], told["load"]
    versions = ", ".join(f"{name} {version}" for name, version in sorted(told.get("versions", {}).items()))
    return (
        f"`{part.command}`, {told['at']}, {told['took_s']} s. {machine['cores']} cores of {machine['cpu']}, "
        f"{machine['memory_gib']} GiB, {machine['system']}, Python {machine['python']}"
        f"{f'; {versions}' if versions else ''}. Load before {before}, after {after}.{BUSY * (before > CALM)}\n"
    )


def write() -> None:
    """All of it."""
    text = [INTRODUCTION]
    for part in PARTS:
        told = kept.kept(part.name)
        if told is None:
            continue
        head, *rest = part.section(told)
        text += [head, about(part, told), *rest]
        for name, drawing in part.pictures(told):
            (kept.FOLDER / f"{name}.svg").write_text(drawing, encoding="utf-8")
    REPORT.write_text("\n".join(text), encoding="utf-8")


if __name__ == "__main__":
    write()

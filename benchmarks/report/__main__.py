"""Writes RESULTS.md and its pictures from what was measured last, part by part: `python -m benchmarks.report`."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.report import cache, calls, graphs, growth, kept, kills, limits, talks
from benchmarks.report.goals import Goal, told

Json = dict[str, Any]

REPORT = Path(__file__).resolve().parent.parent / "RESULTS.md"

INTRODUCTION = """# Results

Written by `make bench`, which runs every part below, or by one part alone. Durability differs from system to system
and is said with each. Two cores are few: systems are measured in turns and compared as ratios, and where several are
up, all but one are stopped.

## Goals

`must` is what was set as a condition, `stretch` what was hoped for; the ratios are of the same interleaved run.
[What is missed, and why](../docs/scaling.md#what-is-missed-and-why).
"""

CALM = 0.3
"""Cores that others may keep busy when a part begins."""

BUSY = " **Other work was going on: absolute figures are worth little, ratios are good to a factor of two.**"


class Part(NamedTuple):
    """What a part becomes in the report."""

    name: str
    section: Callable[[Json], Iterator[str]]
    pictures: Callable[[Json], Iterator[tuple[str, str]]]
    goals: Callable[[Json], Iterator[Goal]]

    @property
    def command(self) -> str:
        """That measures it."""
        return f"make bench-{self.name}"


PARTS = (
    Part("graphs", graphs.section, graphs.pictures, graphs.goals),
    Part("calls", calls.section, calls.pictures, calls.goals),
    Part("limits", limits.section, limits.pictures, limits.goals),
    Part("kills", kills.section, kills.pictures, kills.goals),
    Part("growth", growth.section, growth.pictures, growth.goals),
    Part("talks", talks.section, talks.pictures, talks.goals),
    Part("cache", cache.section, cache.pictures, cache.goals),
)


def about(part: Part, told: Json) -> str:
    """Where and when."""
    machine, (before, after) = told["machine"], told["load"]
    others = told.get("others", max(before - 1.0, 0.0))  # not measured: the load, but for the part before
    versions = ", ".join(f"{name} {version}" for name, version in sorted(told.get("versions", {}).items()))
    return (
        f"`{part.command}`, {told['at']}, {told['took_s']} s. {machine['cores']} cores of {machine['cpu']}, "
        f"{machine['memory_gib']} GiB, {machine['system']}, Python {machine['python']}"
        f"{f'; {versions}' if versions else ''}. Load before {before}, after {after}"
        f"{f'; others used {others} cores when it began' if 'others' in told else ''}.{BUSY * (others > CALM)}\n"
    )


def text(measured: Mapping[str, Json]) -> str:
    """The whole report, of the parts by name that were measured."""
    known = [(part, measured[part.name]) for part in PARTS if part.name in measured]
    written = [INTRODUCTION, told(goal for part, figures in known for goal in part.goals(figures))]
    for part in PARTS:
        if part.name not in measured:
            written.append(f"**Not measured yet: `{part.command}`.**\n")
    for part, figures in known:
        head, *rest = part.section(figures)
        written += [head, about(part, figures), *rest]
    return "\n".join(written)


def write() -> None:
    """All of it, beside what it is made from."""
    measured = {part.name: figures for part in PARTS if (figures := kept.kept(part.name))}
    for part in PARTS:
        for name, drawing in part.pictures(measured[part.name]) if part.name in measured else ():
            (kept.FOLDER / f"{name}.svg").write_text(drawing, encoding="utf-8")
    REPORT.write_text(text(measured), encoding="utf-8")


if __name__ == "__main__":
    write()

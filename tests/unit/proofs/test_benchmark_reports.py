"""The report of the benchmarks: figures in, a text and pictures out that tell them as they are, misses too."""

import os
import subprocess
import sys
from typing import Any
from xml.etree import ElementTree

import pytest

from benchmarks.report import cache, calls, graphs, growth, kept, kills, limits, talks
from benchmarks.report.__main__ import PARTS, about, text
from benchmarks.report.drawing import Bar, bars, lines
from benchmarks.report.goals import Goal, told
from benchmarks.report.tables import paired

Json = dict[str, Any]


def test_ratios_are_of_the_same_round() -> None:
    assert paired([2, 30, 8], [1, 10, 2, 5]) == 3
    assert paired([], [1]) is None


@pytest.mark.parametrize(
    ("value", "is_ceiling", "reached"),
    [
        (4.0, True, "stretch"),
        (4.1, True, "must"),
        (8.1, True, "**missed**"),
        (None, True, "not measured"),
        (3.9, False, "**missed**"),
        (7.9, False, "must"),
        (8.0, False, "stretch"),
    ],
)
def test_a_goal_is_reached_up_to_its_limit(value: float | None, is_ceiling: bool, reached: str) -> None:
    must, stretch = (8, 4) if is_ceiling else (4, 8)
    assert Goal("g", must, stretch, value, is_ceiling).reached == reached


def test_the_goals_are_counted() -> None:
    written = told([Goal("g", 8, 4, 5.0), Goal("h", 6, 12, 1.0, is_ceiling=False), Goal("i", 1, 1, None)])
    assert "| g | ≤ 8 | ≤ 4 | 5 | must |" in written
    assert "| h | ≥ 6 | ≥ 12 | 1 | **missed** |" in written
    assert "1 of 3 reached" in written


def system(name: str, workloads: list[str], seconds: list[float], error: str | None = None) -> Json:
    """Ten items each; as much CPU as time."""
    told = {"items": 10, "seconds": seconds, "cpu_s": seconds, "error": error}
    return {"name": name, "durable": "d", "workloads": dict.fromkeys(workloads, told)}


TURNS = {"rounds": 3, "few": 3, "missing": {"Dask": "no wheel"}, "resting_cpu_s": 0.0}
NULL = [*graphs.ABOUT]
GRAPHS: Json = {
    **TURNS,
    "systems": [
        system("mnemosyne", NULL, [0.1, 0.1, 0.2]),
        system("raw Ray actor calls", NULL, [0.9, 1.0, 2.4]),
        system("LangGraph, SQLite", NULL, [], "it broke"),
    ],
}
CALLS: Json = {
    **TURNS,
    "calls": 10,
    "at_once": 5,
    "ideal_s": 1.0,
    "systems": [
        system("raw asyncio", ["W4"], [1.0]),
        system("mnemosyne", ["W4"], [1.3]),
        system("Prefect", ["W4"], [], "it broke"),
    ],
}
ASKED = {"calls": 600, "tokens_of_call": 300, "failed": 0, "limited": 0, "twice": 0, "seconds": 27.0, "share": 0.93}
LIMITS: Json = {
    "limits": {
        "requests": 1200,
        "input_tokens": 180_000,
        "burst_s": 5,
        "latency_s": 0.3,
        "at_once": 100,
        "tokens_of_call": 300,
    },
    "cases": {
        "SDK": [{**ASKED, "failed": 200, "limited": 900}, {**ASKED, "failed": 300, "limited": 1000}],
        "mnemosyne": [ASKED],
        "mnemosyne, longer": [{**ASKED, "calls": 3000, "share": 0.98}],
    },
    "missing": {"LangGraph": "no wheel"},
}
TRIAL = {"answered": 80, "in_flight": 40, "again": 45, "first_call_s": None, "end_s": 4.0}
KILLS: Json = {
    "items": 160,
    "at_once": 40,
    "agents": 2,
    "rounds": 1,
    "trials": {"x": [TRIAL], "y": [], "mnemosyne, driver of a fleet": [TRIAL]},
    "missing": {"y": "gone"},
}
GROWTH: Json = {
    "systems": {
        "mnemosyne": {
            "500": {"seconds": 1.0, "cpu_s": 1.0, "mib": 1.0, "journal": None},
            "2000": {"seconds": 4.0, "cpu_s": 4.0, "mib": 2.0, "journal": 4000},
            "8000": {"error": "it broke"},
        }
    }
}
TALKS: Json = {"turns": [50, 100], "characters": 9, "bytes": {"mnemosyne": {"50": 1024, "100": 3024}}, "missing": {}}
FAN = {"width": 64, "written_tokens": 4000, "read_tokens": 0, "cost_usd": 0.79, "seconds": 1.7}
CACHE: Json = {
    "shared_tokens": 4000,
    "write": 1.25,
    "read": 0.1,
    "fan_outs": [
        {**FAN, "way": "at once", "beginnings": 80.0},
        {**FAN, "way": "behind a leader", "beginnings": 7.55, "read_tokens": 252_000},
    ],
}
FIGURES = {"graphs": GRAPHS, "calls": CALLS, "limits": LIMITS, "kills": KILLS, "growth": GROWTH, "talks": TALKS}
FIGURES["cache"] = CACHE
ABOUT = {"machine": {"cores": 2, "cpu": "c", "memory_gib": 1, "system": "s", "python": "3"}, "load": [0.5, 1.0]}
ALL: Json = {name: {**ABOUT, "at": "now", "took_s": 9, **figures} for name, figures in FIGURES.items()}


@pytest.mark.parametrize(
    ("written", "line"),
    [
        (graphs.section(GRAPHS), "| raw Ray actor calls | 10 | 100.000 | 10 | 100.00 | 1.00 | 10 |"),
        (graphs.section(GRAPHS), "| LangGraph, SQLite | 10 | failed: it broke |"),
        (graphs.section(GRAPHS), "**Not measured: Dask.** no wheel"),
        (calls.section(CALLS), "| mnemosyne | 1.30 | 130.00 | 1.30 |"),
        (calls.section(CALLS), "| Prefect | failed: it broke |"),
        (limits.section(LIMITS), "| SDK | 600 | 300 | 250 | 950 | 0 | 27.0 | 0.930 | 2 |"),
        (limits.section(LIMITS), "**Not measured: LangGraph.** no wheel"),
        (kills.section(KILLS), "| x | 80 | 40 | 45 | 5 | – | 4.0 | 1 |"),
        (growth.section(GROWTH), "| mnemosyne | 2,000 | 4.00 | 2,000 | 1.00 | 2.0 | 10.0 | 2 |"),
        (growth.section(GROWTH), "failed: it broke"),
        (talks.section(TALKS), "| mnemosyne | 1 | 3 | 30 | 40 |"),
        (cache.section(CACHE), "| 64 | behind a leader | 7.55 | 7.55 | 252,000 | $0.7900 | 1.70 |"),
    ],
)
def test_a_section_tells(written: Any, line: str) -> None:
    assert line in "\n".join(written)


@pytest.mark.parametrize(
    "line",
    [
        "| W1: ms for a dependent step | ≤ 8 | ≤ 4 | 10 | **missed** |",
        "| W2: times as fast as raw Ray actor calls | ≥ 6 | ≥ 12 | 10 | must |",
        "| W2: times as fast as LangGraph, SQLite | ≥ 8 | ≥ 14 | – | not measured |",
        "| W4: wall / ideal | ≤ 1.45 | ≤ 1.25 | 1.3 | must |",
        "| W5: calls refused with 429, in all cases | ≤ 0 |  | 0 | yes |",
        "| W5: share of the limit that is used, 3,000 calls | ≥ 0.97 |  | 0.98 | yes |",
        "| W6: calls asked again when the driver of a fleet is killed | ≤ 0 |  | 45 | **missed** |",
        "| W6: calls asked again when an agent is killed | ≤ 20 |  | – | not measured |",
        "| W7: exponent of CPU, 2,000 items | ≤ 1.1 | ≤ 1.03 | 1 | stretch |",
        "| W8: bytes of the last turns of 100, over the mean | ≤ 1.05 | ≤ 1 | 1.32 | **missed** |",
        "| W9: beginnings paid by 64 calls | ≤ 7.93 | ≤ 7.55 | 7.55 | stretch |",
    ],
)
def test_the_report_begins_with_what_was_reached_of_what_was_wished(line: str) -> None:
    before, _, _ = text(ALL).partition("## W1-W3")
    assert line in before


def test_a_part_that_was_not_measured_is_named_with_its_command() -> None:
    some = {"talks": ALL["talks"]}
    assert "**Not measured yet: `make bench-limits`.**" in text(some)
    assert "`make bench-talks`, now, 9 s. 2 cores of c" in text(some)
    assert "Not measured yet: `make bench-talks`" not in text(some)


def test_every_part_has_a_picture_of_each_of_its_figures() -> None:
    drawn = {name: drawing for part in PARTS for name, drawing in part.pictures(ALL[part.name])}
    assert {f"W{n}" for n in range(1, 10)} - {"W7"} <= set(drawn)
    for part in PARTS:
        shown = "\n".join(part.section(ALL[part.name]))
        assert all(f"(results/{name}.svg)" in shown for name, _ in part.pictures(ALL[part.name]))


def test_pictures_are_well_formed_and_say_what_they_show() -> None:
    drawn = (
        bars("a < b", [Bar("x & y", 10.0, "10"), Bar("none", 0.0, "0")], is_log=True),
        bars("all", [Bar("none", 0.0, "0")], is_log=False),
        lines("growth", {"x": [(1.0, 1.0), (10.0, 100.0)], "y": [(1.0, 0.0)]}, "items"),
    )
    for svg in drawn:
        assert ElementTree.fromstring(svg).tag.endswith("svg")
    assert "a &lt; b" in drawn[0]


def test_what_others_take_is_seen_and_an_idle_machine_too() -> None:
    quiet = kept.busy(0.3)
    spinning = subprocess.Popen([sys.executable, "-c", "print(flush=True)\nwhile True: pass"], stdout=subprocess.PIPE)
    assert spinning.stdout
    spinning.stdout.readline()
    loud = kept.busy(0.3)
    spinning.kill()
    spinning.wait()
    spinning.stdout.close()
    assert 0 <= quiet <= os.cpu_count() + 0.2  # type: ignore[operator]
    assert loud > 0.2, "one of the cores is at work, or a part of it where all are"
    told_ = {"at": "now", "took_s": 1, **ABOUT}
    assert "Other work" in about(PARTS[0], {**told_, "others": 0.9})
    assert "Other work" not in about(PARTS[0], {**told_, "others": 0.1, "load": [9.0, 9.0]})

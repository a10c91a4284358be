"""The benchmarks' own parts: graphs are walked as they should be, a peer that is missing is told, a report is true."""

import json
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import players
from benchmarks.players import Start
from benchmarks.report import calls, graphs, growth, kills, talks
from benchmarks.report.drawing import Bar, bars, lines
from benchmarks.report.tables import paired
from benchmarks.walking import expected, no_operation, walk
from benchmarks.workloads import WORKLOADS, Edges

PEERS = Path(players.__file__).parent / "peers"


@st.composite
def graph(draw: st.DrawFn) -> Edges:
    """Items that depend on some of those before."""
    return {i: sorted(draw(st.sets(st.integers(0, i - 1), max_size=3))) if i else [] for i in range(draw(st.just(9)))}


@given(graph())
async def test_every_item_is_done_once_after_its_parents(edges: Edges) -> None:
    done = list[int]()

    async def call(item: int, parents: list[int]) -> int:
        assert set(edges[item]) <= set(done)
        done.append(item)
        return await no_operation(item, parents)

    assert await walk(edges, call) == expected(edges)
    assert sorted(done) == sorted(edges)


@pytest.mark.parametrize("workload", WORKLOADS)
def test_a_lost_value_is_seen_in_the_sum(workload: str) -> None:
    edges = WORKLOADS[workload](50)
    without = {item: parents[:-1] if item == max(edges) else parents for item, parents in edges.items()}
    assert expected(edges) != expected(without)


async def test_a_call_that_fails_ends_the_walk() -> None:
    async def call(item: int, _: list[int]) -> int:
        raise ValueError(f"{item} failed")

    with pytest.raises(ExceptionGroup):
        await walk({0: [], 1: [0]}, call)


def test_a_peer_that_is_not_there_is_told_and_the_others_play() -> None:
    @contextmanager
    def absent() -> Any:
        raise subprocess.CalledProcessError(1, "uv", stderr="no such wheel\n")
        yield

    @contextmanager
    def dies() -> Any:
        yield Start([sys.executable, "-c", "raise SystemExit('no server')"])

    @contextmanager
    def plays() -> Any:
        said = "import json\nprint(json.dumps({'x': '1'}))\nprint(json.dumps({'seconds': len(input())}))"
        yield Start([sys.executable, "-c", f"import sys\nsys.stdout.reconfigure(line_buffering=True)\n{said}"])

    with players.playing({"absent": absent, "dies": dies, "plays": plays}) as (playing, missing):
        assert playing["plays"].versions == {"x": "1"}
        assert playing["plays"].play(a=1) == {"seconds": len(json.dumps({"a": 1}))}
    assert missing["absent"].endswith("no such wheel")
    assert missing["dies"].endswith("no server")
    assert set(playing) == {"plays"}


@pytest.mark.parametrize("peer", sorted(path.parent.name for path in PEERS.glob("*/requirements.in")))
def test_a_peers_lock_has_what_is_wanted_with_hashes(peer: str) -> None:
    wanted = (PEERS / peer / "requirements.in").read_text().split()
    locked = (PEERS / peer / "requirements.txt").read_text()
    assert wanted
    assert all(f"{one} \\\n    --hash=sha256:" in locked for one in wanted)
    assert "://" not in locked


def test_ratios_are_of_the_same_round() -> None:
    assert paired([2, 30, 8], [1, 10, 2, 5]) == 3
    assert paired([], [1]) is None


KEPT: dict[str, Any] = {
    "rounds": 3,
    "few": 3,
    "missing": {"Dask": "no wheel"},
    "systems": [
        {"name": name, "durable": "d", "workloads": {w: {"items": 10, "seconds": s, "error": e} for w in graphs.ABOUT}}
        for name, s, e in (
            ("mnemosyne", [0.1, 0.1, 0.2], None),
            ("raw Ray actor calls", [0.9, 1.0, 2.4], None),
            ("LangGraph, SQLite", [], "it broke"),
        )
    ],
}


def test_the_section_of_the_graphs_tells_ratios_goals_and_what_failed() -> None:
    text = "\n".join(graphs.section(KEPT))
    assert "| raw Ray actor calls | 10 | 100.000 | 10 | 1.00 | 10 |" in text
    assert "| LangGraph, SQLite | 10 | failed: it broke |" in text
    assert "| W2: times as fast as raw Ray actor calls | 6 | 12 | 10 | must |" in text
    assert "| W1: ms for a dependent step, at most | 8 | 4 | 10.00 | **not reached** |" in text
    assert "times as fast as LangGraph" not in text
    assert "**Not measured: Dask.** no wheel" in text
    assert [name for name, _ in graphs.pictures(KEPT)] == ["W1", "W2", "W3"]


def test_the_other_sections() -> None:
    trial = {"answered": 80, "in_flight": 40, "again": 45, "first_call_s": None, "end_s": 4.0}
    trials = {"x": [trial], "y": [], "mnemosyne, driver of a fleet": [trial]}
    told = {"items": 160, "at_once": 40, "agents": 2, "rounds": 1, "trials": trials, "missing": {"y": "gone"}}
    killed = "\n".join(kills.section(told))
    assert "| x | 80 | 40 | 45 | 5 | – | 4.0 |" in killed
    assert "| asked again when the driver of a fleet is killed | 0 | 45 | **not reached** |" in killed
    sizes = {
        "500": {"seconds": 1.0, "cpu_s": 1.0, "mib": 1.0, "journal": None},
        "2000": {"seconds": 4.0, "cpu_s": 4.0, "mib": 2.0, "journal": 4000},
        "8000": {"error": "it broke"},
    }
    grown = "\n".join(growth.section({"systems": {"mnemosyne": sizes}}))
    assert "| mnemosyne | 2,000 | 4.00 | 2,000 | 1.00 | 2.0 | 10.0 | 2 |" in grown
    assert "| exponent of CPU, at most (2,000 items) | 1.1 | 1.03 | 1.00 | stretch |" in grown
    assert "failed: it broke" in grown
    ways = {"SDK alone, aiohttp": [[1.0, 0.5]], "runs on a fleet": [[1.3, 1.1]]}
    called = "\n".join(calls.section({"rounds": 1, "calls": 500, "at_once": 100, "ideal_s": 1.0, "ways": ways}))
    assert "| mnemosyne, runs on a fleet | 1.30 | 2.20 | 2.20 |" in called
    assert "| ms of CPU for a call, at most | 2.5 | 1.9 | 2.20 | must |" in called
    said = {"turns": [50, 100], "characters": 9, "bytes": {"x": {"50": 1024, "100": 3024}}, "missing": {}}
    assert "| x | 1 | 3 | 30 | 40 |" in "\n".join(talks.section(said))


def test_pictures_are_well_formed_and_say_what_they_show() -> None:
    drawn = (
        bars("a < b", [Bar("x & y", 10.0, "10"), Bar("none", 0.0, "0")], is_log=True),
        bars("all", [Bar("none", 0.0, "0")], is_log=False),
        lines("growth", {"x": [(1.0, 1.0), (10.0, 100.0)], "y": [(1.0, 0.0)]}, "items"),
    )
    for text in drawn:
        assert ElementTree.fromstring(text).tag.endswith("svg")
    assert "a &lt; b" in drawn[0]

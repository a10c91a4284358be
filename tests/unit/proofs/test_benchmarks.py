"""The benchmarks' own parts: graphs are walked as they should be, a peer that is missing is told, who rests rests."""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import players, turns
from benchmarks.peers.environments import ROOT
from benchmarks.processes_cpu import used_by
from benchmarks.starts import Start
from benchmarks.turns import System
from benchmarks.walking import expected, no_operation, walk
from benchmarks.workloads import GRAPHS, WORKLOADS, Edges
from tests.support.processes import descendants

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


@pytest.mark.parametrize("workload", GRAPHS)
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
        playing["plays"].wake()
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


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline


BUSY = """
import json, subprocess, sys
below = subprocess.Popen([sys.executable, "-c", "while True: pass"])
print(json.dumps({}), flush=True)
for line in sys.stdin:
    print(json.dumps({"seconds": 1.0}), flush=True)
below.kill()
below.wait()
"""
"""A player with a process below it that never stops."""


def state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


@contextmanager
def busy() -> Any:
    yield Start([sys.executable, "-c", BUSY])


def test_a_player_that_rests_uses_nothing_with_all_below_it_and_goes_on_after() -> None:
    with players.playing({"busy": busy}) as (playing, _):
        player = playing["busy"]
        until(lambda: {state(pid) for pid in (player.pid, *(pid for pid, _ in descendants(player.pid)))} == {"T"})
        used, wanted = player.cpu_s(), time.process_time() + 0.1
        until(lambda: time.process_time() > wanted)
        assert player.cpu_s() == used
        player.wake()
        until(lambda: player.cpu_s() > used)
        assert player.play(a=1) == {"seconds": 1.0}
        player.rest()  # and it ends, too, while it rests


def test_who_rests_goes_on_when_the_one_who_made_it_rest_is_killed(tmp_path: Path) -> None:
    made = f"""
import sys, time
from benchmarks.rest import Rest
kept = Rest([int(sys.argv[1])])
(open({str(tmp_path / "stopped")!r}, "w")).close()
time.sleep(600)
"""
    below = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    maker = subprocess.Popen([sys.executable, "-c", made, str(below.pid)], cwd=ROOT)
    with below, maker:
        until((tmp_path / "stopped").exists)
        before = used_by(below.pid)
        maker.kill()
        until(lambda: used_by(below.pid) > before)
        below.kill()


def test_a_system_whose_process_dies_is_told_and_the_others_go_on() -> None:
    @contextmanager
    def dies() -> Any:
        yield Start([sys.executable, "-c", "print({}, flush=True); input()"])

    systems = [System("dies", "dies"), System("busy", "busy")]
    (told,) = turns.measure(systems, {"dies": dies, "busy": busy, "other": busy}, ("W4",), 1)
    dead, alive = (system["workloads"]["W4"] for system in told["systems"])
    assert "ended with" in dead["error"]
    assert alive["seconds"] == [1.0]
    assert alive["error"] is None
    assert told["resting_cpu_s"] == 0

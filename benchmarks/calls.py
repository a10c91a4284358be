"""W4: what calls to Claude cost, 500 of 200 ms, 100 at once, through the real SDK; ours and the peers in turns.

    python -m benchmarks.calls [ROUNDS]          5, after one that warms up; the slow ones 3
    python -m benchmarks.calls ROUNDS SYSTEM …   only these, and nothing is kept

The server is a process of its own (tests/messages_server). Prompts have 5 KB, answers 50 words. "Raw asyncio" is
`messages.create` in one loop, nothing checked. Then, in the same process, our adapter (every reply checked), the same
with what an attempt adds (retries, spending), and streamed. Raw Ray: a call to one of two actors for each; ours: whole
runs on a fleet, plan on disk, journal, two agents of 50 slots. CPU is that of all processes of a system.
"""

import sys
from functools import partial

from benchmarks import graphs, starts, turns
from benchmarks.graphs import NOTHING, STARTS
from benchmarks.peers.asking import ANSWER
from benchmarks.report import kept
from benchmarks.starts import Starts
from benchmarks.turns import System
from benchmarks.workloads import SIZES
from tests.messages_server import KEY, Latency, Script, running

AT_ONCE, LATENCY_S = 100, 0.2
IDEAL_S = SIZES["W4"] / AT_ONCE * LATENCY_S
SCRIPT = Script(text=ANSWER, latency=Latency(base_s=LATENCY_S), remember=False)

ASYNCIO, OTHER = "raw asyncio", "raw asyncio, httpx"
ADAPTERS = ("adapter", "adapter, patience, account", "adapter, streamed")
PEERS = ("mnemosyne", "raw Ray actor calls", "LangGraph, memory", "LangGraph, SQLite", "DBOS, PostgreSQL", "Prefect")


def systems(base_url: str) -> list[System]:
    """What is measured; all of them ask over aiohttp but one."""
    asked = {"at_once": AT_ONCE, "api": {"base_url": base_url, "key": KEY, "transport": "aiohttp"}}
    plain = System(ASYNCIO, "floor", NOTHING, asked=asked)
    other = {**asked, "api": {"base_url": base_url, "key": KEY, "transport": "httpx"}}
    known = {system.name: system._replace(asked=asked, sizes={}) for system in graphs.SYSTEMS}
    return [
        *(known[name] for name in PEERS),
        plain,
        plain._replace(name=OTHER, system=ASYNCIO, asked=other, is_seldom=True),
        *(plain._replace(name=name, is_seldom=True) for name in ADAPTERS),
    ]


def main(rounds: int, *only: str) -> None:
    """Measure."""
    with running(SCRIPT) as server:
        known: Starts = {**STARTS, "ours": partial(starts.ours, "ours", server.base_url, KEY)}
        wanted = [system for system in systems(server.base_url) if not only or system.name in only]
        figures = turns.measure(wanted, known, ("W4",), rounds)
        if only:
            list(figures)
        else:
            shape = {"calls": SIZES["W4"], "at_once": AT_ONCE, "ideal_s": IDEAL_S}
            kept.run("calls", ({**shape, **told} for told in figures))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else turns.ROUNDS, *sys.argv[2:])

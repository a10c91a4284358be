"""W1-W3: what an item costs that does nothing, ours and the peers in one interleaved run.

    python -m benchmarks.graphs [ROUNDS]       5, after one that warms up; the slow ones 3, over fewer items

Every system is started once, then each workload is given to one after the other, round by round. A ratio is the median
over the rounds of the ratio within a round, of the time for an item.
"""

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from functools import partial
from typing import Any, NamedTuple

from benchmarks import players
from benchmarks.players import Start
from benchmarks.report import kept
from benchmarks.workloads import SIZES, WORKLOADS

ROUNDS, FEW = 5, 3

STARTS: Mapping[str, Callable[[], AbstractContextManager[Start]]] = {
    "ours": partial(players.ours, "benchmarks.ours"),
    "langgraph": partial(players.peer, "langgraph", "graphs"),
    "dask": partial(players.peer, "dask", "graphs"),
    "dbos-sqlite": partial(players.dbos_on_sqlite, "graphs"),
    "dbos-postgres": partial(players.dbos_on_postgres, "graphs"),
    "prefect": partial(players.peer, "prefect", "graphs"),
}


class System(NamedTuple):
    """What is measured, and what it promises."""

    name: str
    player: str
    durable: str
    is_slow: bool = False
    sizes: Mapping[str, int] = {}
    """Where others are too many."""


SHORT = {"W1": 30, "W2": 100, "W3": 100}
NOTHING = "nothing"

BEFORE = "each item, before its dependents begin"

SYSTEMS = (
    System("mnemosyne", "ours", f"{BEFORE} (SQLite, WAL, synchronous=FULL, several items in a commit)"),
    System("raw Ray actor calls", "ours", NOTHING),
    System("raw asyncio", "ours", NOTHING),
    System("LangGraph, memory", "langgraph", NOTHING),
    System("LangGraph, SQLite", "langgraph", "each item, in the background: dependents may begin before (WAL, FULL)"),
    System("Dask", "dask", NOTHING),
    System("DBOS, SQLite", "dbos-sqlite", f"{BEFORE} (rollback journal, FULL)", True, {"W3": 500}),
    System("DBOS, PostgreSQL", "dbos-postgres", f"{BEFORE} (fsync on)", True, {"W3": 500}),
    System("Prefect", "prefect", "states of items, in the background (WAL, NORMAL); no result", True, SHORT),
    System("Prefect, results kept", "prefect", "each item's result in a file, not synced", True, SHORT),
)


def measure(rounds: int) -> Iterator[dict[str, Any]]:
    """Everything so far, after each round but the first, and what cannot be measured."""
    with players.playing(STARTS) as (playing, missing):
        taken = {system.name: Taken(system) for system in SYSTEMS if system.player in playing}
        absent = {system.name: missing[system.player] for system in SYSTEMS if system.player in missing}
        versions = {name: text for player in playing.values() for name, text in player.versions.items()}
        for round_ in range(rounds + 1):
            for workload in WORKLOADS:
                for one in taken.values():
                    if round_ <= min(rounds, FEW if one.system.is_slow else rounds):
                        one.more(playing[one.system.player], workload, round_)
            if round_:
                told = {"rounds": round_, "few": min(round_, FEW), "versions": versions, "missing": absent}
                yield {**told, "systems": [one.told for one in taken.values()]}


class Taken:
    """The times of a system."""

    def __init__(self, system: System) -> None:
        self.system = system
        self.told: dict[str, Any] = {"name": system.name, "durable": system.durable, "workloads": {}}

    def more(self, player: players.Player, workload: str, round_: int) -> None:
        """One run of a workload; the first warms up. A system that failed once is not asked for this one again."""
        size = self.system.sizes.get(workload, SIZES[workload])
        told = self.told["workloads"].setdefault(
            workload, {"items": len(WORKLOADS[workload](size)), "seconds": [], "error": None}
        )
        if told["error"]:
            return
        answer = player.play(system=self.system.name, workload=workload, size=size)
        told["error"] = answer.get("error")
        if round_ and not told["error"]:
            told["seconds"].append(round(answer["seconds"], 6))
        took = f"{1e3 * answer['seconds'] / told['items']:8.3f} ms/item" if not told["error"] else told["error"]
        print(f"{workload} {round_} {self.system.name:24} {took}", flush=True)


if __name__ == "__main__":
    kept.run("graphs", measure(int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS))

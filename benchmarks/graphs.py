"""W1-W3: what an item costs that does nothing, ours and the peers in one interleaved run.

    python -m benchmarks.graphs [ROUNDS]          5, after one that warms up; the slow ones 3, over fewer items
    python -m benchmarks.graphs ROUNDS SYSTEM …   only these, and nothing is kept

Every system is started once. In each round they carry out the three one after the other, and whoever's turn it is not
is stopped. A ratio is the median over the rounds of the ratio within a round, of the time for an item.
"""

import sys
from functools import partial

from benchmarks import starts, turns
from benchmarks.report import kept
from benchmarks.starts import Starts
from benchmarks.turns import System
from benchmarks.workloads import GRAPHS

STARTS: Starts = {
    "ours": partial(starts.ours, "ours"),
    "raw-ray": partial(starts.ours, "raw_ray"),
    "floor": partial(starts.ours, "floor"),
    "langgraph": partial(starts.peer, "langgraph", "graphs"),
    "dask": partial(starts.peer, "dask", "graphs"),
    "dbos-sqlite": partial(starts.dbos_on_sqlite, "graphs"),
    "dbos-postgres": partial(starts.dbos_on_postgres, "graphs"),
    "prefect": partial(starts.peer, "prefect", "graphs"),
}

SHORT = {"W1": 30, "W2": 60, "W3": 60}
NOTHING = "nothing"
BEFORE = "each item, before its dependents begin"

SYSTEMS = (
    System("mnemosyne", "ours", f"{BEFORE} (SQLite, WAL, synchronous=FULL, several items in a commit)"),
    System("raw Ray actor calls", "raw-ray", NOTHING),
    System("raw asyncio", "floor", NOTHING),
    System("LangGraph, memory", "langgraph", NOTHING),
    System("LangGraph, SQLite", "langgraph", "each item, in the background: dependents may begin before (WAL, FULL)"),
    System("Dask", "dask", NOTHING),
    System("DBOS, SQLite", "dbos-sqlite", f"{BEFORE} (rollback journal, FULL)", True, {"W3": 500}),
    System("DBOS, PostgreSQL", "dbos-postgres", f"{BEFORE} (fsync on)", True, {"W3": 500}),
    System("Prefect", "prefect", "states of items, in the background (WAL, NORMAL); no result", True, SHORT),
    System("Prefect, results kept", "prefect", "each item's result in a file, not synced", True, SHORT),
)


def main(rounds: int, *only: str) -> None:
    """Measure."""
    wanted = [system for system in SYSTEMS if not only or system.name in only]
    figures = turns.measure(wanted, STARTS, GRAPHS, rounds)
    if only:
        list(figures)
    else:
        kept.run("graphs", figures)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else turns.ROUNDS, *sys.argv[2:])

"""W7: what grows with the items of a plan: time, CPU, memory, bytes of the journal.

    python -m benchmarks.growth [ITEMS …]

W3 (10 layers, 3 random parents) with 500 to 32,000 items, each in processes that begin anew and have done a small graph
before. Memory is the most that the processes of a system hold together (PSS, looked at every 0.2 s) over what they held
before the graph; CPU is theirs. Systems that take more than linear time, or long for an item, end at fewer items.
"""

import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from benchmarks import players
from benchmarks.graphs import STARTS
from benchmarks.idle import pss_mb
from benchmarks.peers.environments import versions
from benchmarks.players import Player
from benchmarks.report import kept
from tests.support.processes import descendants

SIZES = (500, 2_000, 8_000, 32_000)
WARM = 100
EVERY_S = 0.2


class System(NamedTuple):
    """What is measured, and how far."""

    name: str
    player: str
    most: int


SYSTEMS = (
    System("mnemosyne", "ours", 32_000),
    System("raw asyncio", "floor", 32_000),
    System("raw Ray actor calls", "raw-ray", 8_000),
    System("Dask", "dask", 8_000),
    System("LangGraph, memory", "langgraph", 8_000),
    System("LangGraph, SQLite", "langgraph", 8_000),
    System("DBOS, PostgreSQL", "dbos-postgres", 2_000),
)


class Memory(threading.Thread):
    """Looks at what processes hold until it is told to end."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._pid, self._ends = pid, threading.Event()
        self.base = self.peak = self._now()

    def _now(self) -> float:
        found = 0.0
        for pid in (self._pid, *(child for child, _ in descendants(self._pid))):
            try:
                found += pss_mb(pid)
            except OSError:  # it has just ended
                continue
        return found

    def run(self) -> None:
        """See Thread."""
        while not self._ends.wait(EVERY_S):
            self.peak = max(self.peak, self._now())

    def grown_mib(self) -> float:
        """By how much, at most."""
        self._ends.set()
        self.join()
        return (max(self.peak, self._now()) - self.base) * 1e6 / 2**20


def one(system: System, items: int) -> Mapping[str, Any]:
    """A graph of so many items."""
    with players.playing({system.player: STARTS[system.player]}) as (playing, missing):
        if missing:
            return {"error": missing[system.player]}
        player = playing[system.player]
        player.wake()
        try:
            return told(player, system.name, items)
        except RuntimeError as error:
            return {"error": players.reason(error)}


def told(player: Player, name: str, items: int) -> Mapping[str, Any]:
    """What a graph of so many items takes after a small one. Raises RuntimeError if the process ends."""
    warmed = player.play(system=name, workload="W3", size=WARM)
    memory, cpu = Memory(player.pid), player.cpu_s()
    memory.start()
    answer = player.play(system=name, workload="W3", size=items)
    grown, spent = memory.grown_mib(), player.cpu_s() - cpu
    if error := warmed.get("error") or answer.get("error"):
        return {"error": error}
    journal = answer["journal"] - warmed["journal"] if answer.get("journal") else None
    return {"seconds": answer["seconds"], "cpu_s": spent, "mib": grown, "journal": journal}


def measure(sizes: Sequence[int]) -> Iterator[dict[str, Any]]:
    """All of them; what is known after each size."""
    taken: dict[str, dict[int, Any]] = {system.name: {} for system in SYSTEMS}
    for items in sizes:
        for system in (one for one in SYSTEMS if items <= one.most):
            taken[system.name][items] = told = one(system, items)
            print(items, system.name, told, flush=True)
        yield {"versions": versions(), "sizes": sizes, "systems": taken}


if __name__ == "__main__":
    kept.run("growth", measure(tuple(map(int, sys.argv[1:])) or SIZES))

"""Systems in turns: while one carries out its workloads, every process of the others is stopped."""

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from benchmarks import players
from benchmarks.players import Player
from benchmarks.starts import Starts
from benchmarks.workloads import SIZES, WORKLOADS

Json = dict[str, Any]

ROUNDS, FEW = 5, 3
WARM, SETTLE_S = 30, 0.5
"""What a system does and how long it has before each turn, for everything that came due while it was stopped."""


class System(NamedTuple):
    """What is measured, and what it promises."""

    name: str
    player: str
    durable: str = ""
    is_seldom: bool = False
    """In fewer rounds: slow, or not what is asked about."""
    sizes: Mapping[str, int] = {}
    """Where others are too many."""
    asked: Mapping[str, Any] = {}
    """What is said with every workload."""
    system: str = ""
    """As its player calls it, if that is not its name."""


def measure(systems: Sequence[System], starts: Starts, workloads: Sequence[str], rounds: int) -> Iterator[Json]:
    """Everything so far, after each round but the first, and what cannot be measured."""
    needed = {system.player for system in systems}
    with players.playing({name: start for name, start in starts.items() if name in needed}) as (playing, missing):
        taken = [Taken(one, playing[one.player]) for one in systems if one.player in playing]
        absent = {system.name: missing[system.player] for system in systems if system.player in missing}
        versions = {name: text for player in playing.values() for name, text in player.versions.items()}
        resting = 0.0
        for round_ in range(rounds + 1):
            for one in taken:
                if round_ <= (FEW if one.system.is_seldom else rounds):
                    resting += one.turn(workloads, round_, [p for p in playing.values() if p is not one.player])
            if round_:
                told = {"rounds": round_, "few": min(round_, FEW), "versions": versions, "missing": absent}
                yield {**told, "resting_cpu_s": round(resting, 2), "systems": [one.told for one in taken]}


class Taken:
    """What a system takes."""

    def __init__(self, system: System, player: Player) -> None:
        self.system, self.player = system, player
        self.told: Json = {"name": system.name, "durable": system.durable, "workloads": {}}

    def turn(self, workloads: Sequence[str], round_: int, others: Sequence[Player]) -> float:
        """One run of each workload; the first round warms up. Seconds of CPU that the others used meanwhile."""
        before = [other.cpu_s() for other in others]
        self.player.wake()
        time.sleep(SETTLE_S)
        self._answer(workloads[0], WARM)
        for workload in workloads:
            self._one(workload, round_)
        self.player.rest()
        return sum(max(other.cpu_s() - used, 0.0) for other, used in zip(others, before, strict=True))

    def _one(self, workload: str, round_: int) -> None:
        """A system that failed once is not asked for this one again."""
        size = self.system.sizes.get(workload, SIZES[workload])
        items = len(WORKLOADS[workload](size))
        fresh: Json = {"items": items, "seconds": [], "cpu_s": [], "error": None}
        told = self.told["workloads"].setdefault(workload, fresh)
        if told["error"]:
            return
        answer = self._answer(workload, size)
        told["error"] = answer.get("error")
        if round_ and not told["error"]:
            told["seconds"].append(round(answer["seconds"], 6))
            told["cpu_s"].append(round(answer["cpu_s"], 2))
        took = f"{1e3 * answer['seconds'] / items:8.3f} ms/item" if not told["error"] else told["error"]
        print(f"{workload} {round_} {self.system.name:26} {took}", flush=True)

    def _answer(self, workload: str, size: int) -> Json:
        asked = {"system": self.system.system or self.system.name, "workload": workload, **self.system.asked}
        try:
            before = self.player.cpu_s()
            return {**self.player.play(**asked, size=size), "cpu_s": self.player.cpu_s() - before}
        except RuntimeError as error:
            return {"error": players.reason(error)}

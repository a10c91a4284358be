"""How soon a fault is found and work goes on, and whether anybody is restarted without need.

    python -m benchmarks.recovery [KIND …] [--faults 20] [--load-minutes 3] [--json recovery.json]

Kinds: sigkill stop loop gil memory oom node load; all if none is told (about an hour, most of it waiting).
Each kind has a fleet of its own (four agents, four items of 0.5 s each at once), kept busy by one run after the other.
*Found* is the time from the fault to the restart's row in the journal; *agent* until that agent's next result,
*pool* until anybody's, *held* until all that the agent held is finished; of each the median and the 99th percentile,
which is the largest where there are fewer than 100. `load` starts two busy processes per core
and no fault. Restarts that nobody asked for are counted throughout. A second call adds its kinds to the JSON file.
"""

import argparse
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks import strikes
from benchmarks.living import Living
from benchmarks.losses import node_losses
from benchmarks.strikes import Struck
from tests.support.fleets import fleet_up
from tests.support.processes import Commands

AGENTS, CONCURRENCY = 4, 4


class Kind(NamedTuple):
    """One kind of fault."""

    strike: Callable[[Living, int], Struck]
    pace_s: float
    """From one fault to the next at least; an agent may be restarted three times within 60 s."""


KINDS = {
    "sigkill": Kind(strikes.by_signal(signal.SIGKILL), 6.0),
    "stop": Kind(strikes.by_signal(signal.SIGSTOP), 20.0),
    "loop": Kind(strikes.by_item("loop"), 25.0),
    "gil": Kind(strikes.by_item("gil"), 25.0),
    "memory": Kind(strikes.over_memory, 25.0),
    "oom": Kind(strikes.ended_by_linux, 25.0),
}


class Lean(Commands):
    """Agents may hold a little more than they need."""

    @property
    def environment(self) -> dict[str, str]:
        """Of every command."""
        return {**super().environment, "MNEMOSYNE_AGENT_MEMORY_MB": str(strikes.MEMORY_MB)}


@contextmanager
def living(kind: str) -> Iterator[Living]:
    """A fleet that is kept busy."""
    folder = Path(tempfile.mkdtemp(prefix="mn-"))
    commands = Lean(folder) if kind == "memory" else Commands(folder)
    commands.script(rules=strikes.SCRIPT)
    with fleet_up(commands, "--executors", str(AGENTS), "--concurrency", str(CONCURRENCY)):
        fleet = Living(commands)
        fleet.feed()
        fleet.until(lambda: all_work(fleet), "the first results")
        yield fleet
        fleet.sate()


def all_work(fleet: Living) -> bool:
    """Whether every agent is up and has finished something."""
    return len(fleet.agents) == AGENTS and all(map(fleet.works, fleet.agents))


def campaign(name: str, faults: int) -> dict[str, Any]:
    """So many faults of one kind, one after the other."""
    kind, samples, struck = KINDS[name], list[dict[str, float]](), list[Struck]()
    with living(name) as fleet:
        for turn in range(faults):
            fleet.until(lambda: all_work(fleet), "every agent at work")
            begin = time.monotonic()
            fault = kind.strike(fleet, turn)
            struck.append(fault)
            samples.append(sample := measured(fleet, fault))
            print(f"{name} {turn}: {sample}", file=sys.stderr, flush=True)
            while time.monotonic() < begin + kind.pace_s:
                fleet.look()
                time.sleep(0.1)
        false = fleet.unasked((s.agent, s.generation) for s in struck)
    return {"samples": samples, "false": [event.model_dump(mode="json") for event in false]}


def measured(fleet: Living, fault: Struck) -> dict[str, float]:
    """Wait until all is well again; how long each step took."""
    fleet.look()
    held = fleet.held(fault.agent)
    told = (fault.agent, fault.generation)
    fleet.until(lambda: any((e.agent, e.generation) == told for e in fleet.restarts), "the restart")
    found = next(e.at for e in fleet.restarts if (e.agent, e.generation) == told)
    fleet.until(lambda: fleet.next_result(fault.at, *told) is not None, "a result of the agent's next process")
    agent, pool = fleet.next_result(fault.at, *told), fleet.next_result(fault.at)
    fleet.until(lambda: held <= fleet.done, "what it held")
    done = time.time()
    assert agent is not None
    assert pool is not None
    spans = {"found": found, "agent": agent, "pool": pool, "held": done}
    return {name: round(at - fault.at, 3) for name, at in spans.items()}


def under_load(minutes: float) -> dict[str, Any]:
    """No fault at all, and two busy processes per core."""
    with living("load") as fleet:
        busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(2 * (os.cpu_count() or 1))]
        try:
            until = time.monotonic() + 60 * minutes
            while time.monotonic() < until:
                fleet.look()
                time.sleep(0.5)
        finally:
            for process in busy:
                process.kill()
                process.wait()
        false = fleet.unasked(())
        results = len(fleet.finished)
    return {"minutes": minutes, "results": results, "false": [event.model_dump(mode="json") for event in false]}


def row(name: str, told: dict[str, Any]) -> str:
    """One line of the table."""
    if "samples" not in told:
        return f"{name:8} {told['minutes']:g} minutes, {told['results']} results; {len(told['false'])} false restarts"
    cells = []
    for what in ("found", "agent", "pool", "held"):
        values = sorted(sample[what] for sample in told["samples"])
        p99 = values[min(len(values) - 1, round(0.99 * len(values)))]
        cells.append(f"{what} {statistics.median(values):6.2f} {p99:6.2f}")
    return f"{name:8} n={len(told['samples']):<3} {' | '.join(cells)} | {len(told['false'])} false restarts"


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kinds", nargs="*", metavar="KIND")
    parser.add_argument("--faults", type=int, default=20)
    parser.add_argument("--load-minutes", type=float, default=3.0)
    parser.add_argument("--json", type=Path, default=Path("recovery.json"))
    asked = parser.parse_args()
    told: dict[str, Any] = json.loads(asked.json.read_text()) if asked.json.exists() else {}
    for name in asked.kinds or [*KINDS, "node", "load"]:
        if name == "oom" and not strikes.can_bound():
            print("oom: this process may not bound the memory of others; left out", file=sys.stderr)
            continue
        new = measure(name, asked.faults, asked.load_minutes)
        old = told.get(name, {})
        joined = {key: old.get(key, []) + value for key, value in new.items() if isinstance(value, list)}
        told[name] = {**new, **joined, "load": os.getloadavg()}
        asked.json.write_text(json.dumps(told, indent=1))
        print(row(name, told[name]), flush=True)
    strikes.clean_up()


def measure(name: str, faults: int, minutes: float) -> dict[str, Any]:
    """One kind."""
    match name:
        case "load":
            return under_load(minutes)
        case "node":
            return node_losses(faults)
    return campaign(name, faults)


if __name__ == "__main__":
    main()

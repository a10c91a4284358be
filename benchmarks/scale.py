"""What grows with items and agents, without Ray and without models: the driver, the store, the governor.

    python -m benchmarks.scale items  [N …]   plans of N items in 10 layers: CPU, memory, bytes of the journal
    python -m benchmarks.scale agents [N …]   20,000 items over N agents in one process
    python -m benchmarks.scale governor [N …] permits of N agents that all ask at once

Each N in a process of its own. Items do nothing (scripted model, no latency), so this is the floor
of what an item costs, not what it takes beside a call to a model. The exponent is that of CPU between two sizes:
1.00 is linear.
"""

import asyncio
import math
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from random import Random

from actors.governor.governor import Governor
from actors.governor.needs import Amounts, Need
from actors.machine import garbage
from actors.work import Item

ITEMS = (1_000, 10_000, 100_000)
AGENTS = (1, 10, 100, 1_000)
ASKING = (1, 10, 100, 1_000)
FIXED = 20_000
"""Items while the agents vary."""

WARM = 100
PERMITS = 50_000
MODEL = "claude-sonnet-5-5"
ROOM = Amounts(6e5, 6e8, 6e8)
"""Per minute: more than anybody has, so that it is the governor that is measured."""

TOOK = Amounts(1, 300, 20)
TICK_S = 0.01


def plan(items: int) -> tuple[Item, ...]:
    """W3 of any size."""
    from benchmarks.ours import items_of
    from benchmarks.workloads import layered

    return items_of(layered(items))


def used() -> tuple[float, float]:
    """CPU seconds and peak memory in MiB of this process."""
    now = resource.getrusage(resource.RUSAGE_SELF)
    return now.ru_utime + now.ru_stime, now.ru_maxrss / 1024


def drive(items: int, agents: int) -> str:
    """A line about one run."""
    from benchmarks.one_process import one_process

    graph = plan(items)
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(one_process(Path(folder), "warm", plan(WARM), 2))
        cpu, base = used()
        wall = asyncio.run(one_process(Path(folder), "run", graph, agents))
        spent, peak = used()
        size = sum(file.stat().st_size for file in Path(folder).glob("run.db*"))
    took = spent - cpu
    return (
        f"{items} {agents} {took:.3f} {items:9,} items {agents:5,} agents {items / wall:8,.0f} items/s  "
        f"{1e6 * took / items:6.0f} µs CPU/item  {(peak - base) / items * 1e4:7.1f} MiB/10,000 items  "
        f"{size / items:6.0f} bytes of journal/item"
    )


def permits(agents: int) -> str:
    """A line about the governor's pure core: all ask at once, a server of enough room answers each call at once."""
    governor = Governor({MODEL: ROOM}, Random(1))
    cpu, _ = used()
    now, left = 0.0, PERMITS
    asked = (Need(f"{n}", f"a{n % agents}", 1, MODEL, "run", n % 10, 1_000, 100) for n in range(PERMITS))
    for need in asked:
        governor.began(need.agent, 1)
        governor.reserve((need,), now)
    while left:
        granted = governor.grants(now)
        for permit in granted:
            governor.settle(MODEL, permit.need.id, TOOK, None, now)
        left -= len(granted)
        now = max(now + TICK_S, governor.wake_at(now) or 0.0)
    took = used()[0] - cpu
    return f"{PERMITS} {agents} {took:.3f} {agents:5,} agents  {PERMITS / took:9,.0f} permits/s"


PARTS: dict[str, tuple[tuple[int, ...], Callable[[int], str]]] = {
    "items": (ITEMS, lambda count: drive(count, 2)),
    "agents": (AGENTS, lambda count: drive(FIXED, count)),
    "governor": (ASKING, permits),
}


def report(part: str, counts: tuple[int, ...]) -> None:
    """A line for each count, each from a fresh process."""
    last: tuple[int, float] | None = None
    for count in counts:
        command = [sys.executable, "-m", "benchmarks.scale", part, "--one", str(count)]
        began = time.perf_counter()
        told = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
        _, _, cpu, line = told.split(" ", 3)
        exponent = math.log(float(cpu) / last[1]) / math.log(count / last[0]) if last and part == "items" else None
        more = f"  exponent {exponent:.2f}" if exponent is not None else ""
        print(f"{line.strip()}{more}  ({time.perf_counter() - began:.0f} s)", flush=True)
        last = count, float(cpu)


if __name__ == "__main__":
    PART, *REST = sys.argv[1:] or ["items"]
    if REST[:1] == ["--one"]:
        garbage.calm()
        print(PARTS[PART][1](int(REST[1])))
    else:
        report(PART, tuple(map(int, REST)) or PARTS[PART][0])

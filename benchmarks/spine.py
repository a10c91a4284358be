"""What the product costs per item, against raw Ray actor calls in the same run.

    python -m benchmarks.spine [rounds]          W1-W3, interleaved, median of 5 after one warm-up

The product: plan on disk, terms, epochs, assigned and closed rows with fsync, events read by cursor, two executors,
the scripted model with no latency. Raw Ray: one call per item to two async actors, the driver in asyncio.
A ratio above 1 is faster than raw Ray. The third system is the product without Ray: the Python work alone.
"""

import asyncio
import resource
import statistics
import sys
import tempfile
from pathlib import Path

from actors.machine import garbage
from actors.settings import FleetSettings, Pools, Settings
from actors.work import Role
from benchmarks.ours import items_of, product
from benchmarks.workloads import GRAPHS, WORKLOADS
from cluster.home import config


async def measure(rounds: int) -> None:
    """Print a line per workload and system."""
    settings = Settings(home=Path(tempfile.mkdtemp()), fleet=FleetSettings(pools=Pools().only([Role.EXECUTOR])))
    config.prepare_ray(settings.home)  # before Ray is imported: it reads some of it then
    import ray

    from benchmarks.one_process import one_process
    from benchmarks.raw_ray import Raw, raw
    from cluster.fleets.fleet import Fleet

    garbage.calm()
    async with Fleet(settings, frozenset({"scripted"})) as fleet:
        agents = [ray.remote(Raw).options(num_cpus=0).remote() for _ in range(2)]
        await asyncio.gather(*(agent.noop.remote(0, []) for agent in agents))
        for name in sys.argv[2:] or GRAPHS:
            edges = WORKLOADS[name]()
            items = items_of(edges)
            spent: dict[str, list[float]] = {"raw Ray": [], "mnemosyne": [], "the same in one process, no Ray": []}
            for round_ in range(rounds + 1):
                times = (
                    await raw(edges, agents),
                    await product(fleet, f"{name}-{round_}", items),
                    await one_process(settings.home, f"{name}-{round_}", items),
                )
                for label, seconds in zip(spent, times, strict=True):
                    spent[label] += [seconds] * (round_ > 0)  # the first is for warming up
            for label, seconds_ in spent.items():
                each = 1e3 * statistics.median(seconds_) / len(edges)
                ratio = statistics.median(r / s for r, s in zip(spent["raw Ray"], seconds_, strict=True))
                print(f"{name} {label:31} {each:7.3f} ms/item {1e3 / each:8,.0f} items/s {ratio:6.2f} x", flush=True)
    print(f"driver process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MiB peak")


if __name__ == "__main__":
    asyncio.run(measure(int(sys.argv[1]) if len(sys.argv) > 1 else 5))

"""mnemosyne and the two floors as a player (see peers/playing.py): plain asyncio, and a call per item to Ray actors.

The product: plan on disk, terms, epochs, assigned and closed rows with fsync before dependents begin, events read by
cursor, two executors, the scripted model with no latency. Raw Ray: two async actors, the driver in asyncio. Both share
one Ray; each is idle while the other one works.
"""

import asyncio
import tempfile
import time
import uuid
from pathlib import Path
from typing import Any

from actors.machine import garbage
from actors.settings import FleetSettings, Pools, Settings
from actors.stores.protocol import Accept
from actors.work import Item, Role, RunStatus
from benchmarks.peers.playing import play
from benchmarks.walking import expected, no_operation, walk
from benchmarks.workloads import Edges
from cluster import config


def items_of(edges: Edges) -> tuple[Item, ...]:
    """The work graph as work items."""
    return tuple(
        Item(id=f"i{i}", description="No operation.", dependencies=tuple(f"i{d}" for d in deps))
        for i, deps in edges.items()
    )


async def product(fleet: Any, run: str, items: tuple[Item, ...]) -> float:
    """Seconds to drive one accepted run to its end."""
    from cluster.driver import Driver

    record = await fleet.store.accept(Accept(run, None, run, "digest", "scripted", items, {}))
    begin = time.perf_counter()
    status = await Driver(record, fleet.store, fleet.agents, "benchmark").drive()
    assert status is RunStatus.COMPLETED
    return time.perf_counter() - begin


async def floor(edges: Edges) -> float:
    """One process, one loop, nothing else."""
    begin = time.perf_counter()
    found = await walk(edges, no_operation)
    spent = time.perf_counter() - begin
    assert found == expected(edges)
    return spent


async def main() -> None:
    """Play all three."""
    settings = Settings(home=Path(tempfile.mkdtemp()), fleet=FleetSettings(pools=Pools().only([Role.EXECUTOR])))
    config.prepare_ray(settings.home)  # before Ray is imported: it reads some of it then
    import ray

    from benchmarks.raw_ray import Raw, raw
    from cluster.fleet import Fleet

    garbage.calm()
    async with Fleet(settings, frozenset({"scripted"})) as fleet:
        agents = [ray.remote(Raw).options(num_cpus=0).remote() for _ in range(2)]
        await asyncio.gather(*(agent.noop.remote(0, []) for agent in agents))

        async def ours(edges: Edges) -> float:
            return await product(fleet, uuid.uuid4().hex, items_of(edges))

        async def calls(edges: Edges) -> float:
            return await raw(edges, agents)

        systems = {"raw asyncio": floor, "raw Ray actor calls": calls, "mnemosyne": ours}
        await play(systems, ("ray",), {"mnemosyne": settings.home / "store.db"})


if __name__ == "__main__":
    asyncio.run(main())

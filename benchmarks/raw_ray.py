"""The floor to compare with, and its player: one call per item to Ray actors, nothing durable.

Two async actors, the driver in asyncio. Ray is started as the product starts it, and the driver collects its garbage
as seldom as the product's. Where items ask an API, each actor has a client of its own.
"""

import asyncio
import tempfile
from pathlib import Path
from typing import Any

from actors.machine import garbage
from benchmarks.peers.asking import Asking
from benchmarks.peers.playing import Work, play, timed
from benchmarks.walking import value, walk
from benchmarks.workloads import Edges
from cluster.home import config

AGENTS = 2


class Raw:
    """An async actor that does next to nothing."""

    async def noop(self, item: int, parents: list[int]) -> int:
        """See walking.value."""
        return value(item, parents)

    async def open(self, api: dict[str, str]) -> None:
        """From now on `ask` asks there."""
        self._asking = Asking(api)

    async def ask(self, item: int, parents: list[int]) -> int:
        """See Asking."""
        return await self._asking.call(item, parents)


async def raw(edges: Edges, agents: list[Any], at_once: int | None = None, method: str = "noop") -> float:
    """Seconds to walk the graph with one awaited actor call per item."""
    methods = [getattr(agent, method) for agent in agents]

    async def call(item: int, parents: list[int]) -> int:
        made: int = await methods[item % len(methods)].remote(item, parents)
        return made

    return await timed(edges, walk(edges, call, at_once))


async def main() -> None:
    """Play."""
    config.prepare_ray(Path(tempfile.mkdtemp()))  # before Ray is imported: it reads some of it then
    import ray

    from cluster.fleets.fleet import OBJECT_STORE_BYTES, connect, disconnect

    garbage.calm()
    small = {"object_store_memory": OBJECT_STORE_BYTES, "include_dashboard": False}
    connect("raw", address="local", num_cpus=AGENTS, **small)
    agents = [ray.remote(Raw).options(num_cpus=0).remote() for _ in range(AGENTS)]
    opened: list[object] = []

    async def calls(edges: Edges, work: Work) -> float:
        if work.api and work.api not in opened:
            await asyncio.gather(*(agent.open.remote(work.api) for agent in agents))
            opened[:] = [work.api]
        return await raw(edges, agents, work.at_once, "ask" if work.api else "noop")

    try:
        await asyncio.gather(*(agent.noop.remote(0, []) for agent in agents))
        await play({"raw Ray actor calls": calls}, ("ray",))
    finally:
        disconnect()


if __name__ == "__main__":
    # Imported under its own name: Ray would pickle the classes of __main__ by value.
    from benchmarks import raw_ray

    asyncio.run(raw_ray.main())

"""mnemosyne as a player (see peers/playing.py): an embedded fleet.

    python -m benchmarks.ours [BASE_URL KEY]

Plan on disk, terms, epochs, assigned and closed rows with fsync before dependents begin, events read by cursor, two
executors; the scripted model with no latency, or Claude at that address, with fifty calls at once from each.
"""

import asyncio
import os
import sys
import tempfile
import time
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from actors.machine import garbage
from actors.settings import FleetSettings, ModelSettings, Pools, Settings
from actors.stores.protocol import Accept
from actors.work import Item, Role, RunStatus
from benchmarks.peers.asking import MAX_TOKENS, MODEL, PROMPT
from benchmarks.peers.playing import Work, play
from benchmarks.workloads import Edges
from cluster.home import config

SLOTS = 50


def items_of(edges: Edges, description: str = "No operation.") -> tuple[Item, ...]:
    """The work graph as work items."""
    return tuple(
        Item(id=f"i{i}", description=description, dependencies=tuple(f"i{d}" for d in deps))
        for i, deps in edges.items()
    )


async def product(fleet: Any, run: str, items: tuple[Item, ...], model: str = "scripted") -> float:
    """Seconds to drive one accepted run to its end."""
    from cluster.driving.driver import Driver

    record = await fleet.store.accept(Accept(run, None, run, "digest", model, items, {}))
    begin = time.perf_counter()
    status = await Driver(record, fleet.store, fleet.agents, "benchmark").drive()
    assert status is RunStatus.COMPLETED
    return time.perf_counter() - begin


def settings_of(api: Sequence[str], max_tokens: int = MAX_TOKENS) -> Settings:
    """Two executors; those that call Claude have room for all calls."""
    home, pools = Path(tempfile.mkdtemp()), Pools().only([Role.EXECUTOR])
    if not api:
        return Settings(home=home, fleet=FleetSettings(pools=pools))
    base_url, os.environ["ANTHROPIC_API_KEY"] = api  # each agent reads it in its own process
    models = ModelSettings(base_url=base_url, max_tokens=max_tokens)
    return Settings(home=home, fleet=FleetSettings(pools=pools, concurrency=SLOTS), models=models)


async def main(*api: str) -> None:
    """Play."""
    settings = settings_of(api)
    config.prepare_ray(settings.home)  # before Ray is imported: it reads some of it then
    from cluster.fleets.fleet import Fleet

    model = MODEL if api else "scripted"
    garbage.calm()
    async with Fleet(settings, frozenset({model})) as fleet:

        async def ours(edges: Edges, work: Work) -> float:
            items = items_of(edges, PROMPT) if work.api else items_of(edges)
            return await product(fleet, uuid.uuid4().hex, items, model)

        await play({"mnemosyne": ours}, ("ray",), {"mnemosyne": settings.home / "store.db"})


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))

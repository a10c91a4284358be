"""mnemosyne as a player at the limit of an API: an embedded fleet with two executors, a driver for each run.

    python -m benchmarks.governed BASE_URL KEY RUNS KILL_AFTER_S

The governor is killed that long after the beginning of a fan-out of more than WARM calls; 0: it is not.
"""

import asyncio
import os
import signal
import sys
import uuid
from typing import Any

from actors.machine import garbage
from actors.stores.protocol import Accept
from actors.work import Item, RunStatus
from benchmarks.ours import settings_of
from benchmarks.peers.limited import MAX_TOKENS, MODEL, play
from cluster.home import config

WARM = 100


async def drive(fleet: Any, texts: list[str]) -> int:
    """Items that are complete in the end."""
    from cluster.driving.driver import Driver

    run = uuid.uuid4().hex
    items = tuple(Item(id=f"i{n}", description=text) for n, text in enumerate(texts))
    record = await fleet.store.accept(Accept(run, None, run, "digest", MODEL, items, {}))
    if await Driver(record, fleet.store, fleet.agents, "benchmark").drive() is RunStatus.COMPLETED:
        return len(items)
    events = await fleet.store.read(run, 0, 0, limit=100_000)
    return sum(event.type == "item_closed" and event.outcome.kind == "result" for event in events)


async def kill_governor(fleet: Any, after_s: float) -> None:
    """SIGKILL, in the middle of the run."""
    await asyncio.sleep(after_s)
    os.kill(await fleet.governor_pid(), signal.SIGKILL)


async def main(base_url: str, key: str, runs: int, kill_after_s: float | None) -> None:
    """Play."""
    settings = settings_of((base_url, key), MAX_TOKENS)
    config.prepare_ray(settings.home)  # before Ray is imported: it reads some of it then
    from cluster.fleets.fleet import Fleet

    garbage.calm()
    async with Fleet(settings, frozenset({MODEL})) as fleet:

        async def fan_out(texts: list[str]) -> int:
            killing = None
            if kill_after_s is not None and len(texts) > WARM:
                killing = asyncio.ensure_future(kill_governor(fleet, kill_after_s))
            done = sum(await asyncio.gather(*(drive(fleet, texts[n::runs]) for n in range(runs))))
            if killing:
                await killing
            return done

        await play(fan_out, ("ray",))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4]) or None))

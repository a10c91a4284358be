"""Ends a process that hangs and that nobody else judges: the store, a shared model, a driver, the monitor itself."""

import asyncio
import logging
from collections.abc import Callable, Collection
from contextlib import suppress
from typing import Protocol

from actors.errors import FleetError
from actors.machine.limit import Limit
from actors.machine.standstill import Standstill
from actors.settings import HealthSettings
from actors.supervision.wards import Pulse

EVERY_S = 1.0

LOOK_S = 2.0
"""So often it is looked who has come and gone."""

log = logging.getLogger(__name__)


class Guarded(Protocol):
    """What is needed of such a process. Every call raises FleetError if it does not answer."""

    async def pulse(self) -> Pulse:
        """How it does."""
        ...

    async def end(self, *, for_good: bool) -> None:
        """End the process; Ray starts another unless it is for good."""
        ...


async def guard(
    name: str, process: Guarded, settings: HealthSettings, others_answer: Callable[[], bool] = lambda: True
) -> None:
    """Until cancelled: end it when its loop stands still, or when it is silent while `others_answer`.

    One that is silent as long as a node may be is ended even if nobody answers. Time in which this process stood still
    itself is held against nobody: the round is discarded, and every span begins anew.
    """
    clock, silent_s = asyncio.get_running_loop().time, 0.0
    with Standstill(settings.monitor_late_s) as still:
        while True:
            before = still.ended_at
            await asyncio.sleep(EVERY_S)
            try:
                pulse = await _pulse(process, clock() + settings.silent_s)
            except FleetError:  # it is being started
                silent_s = 0.0
                continue
            if still.ended_at > before:
                silent_s = 0.0
                continue
            if pulse is None:
                silent_s += settings.silent_s
                hung = others_answer() or silent_s >= settings.silent_node_s
            else:
                silent_s = 0.0
                hung = min(pulse.tick_age_s, clock() - still.ended_at) >= settings.stale_tick_s
            if hung:
                log.warning("%s hangs and is ended; it is started again", name)
                await process.end(for_good=False)


async def _pulse(process: Guarded, until: float) -> Pulse | None:
    """None: it does not answer."""
    try:
        async with Limit(until):
            return await process.pulse()
    except TimeoutError:
        return None


async def guard_all(
    who: Callable[[], Collection[str]], process: Callable[[str], Guarded], settings: HealthSettings
) -> None:
    """Until cancelled: guard every process of these names, which may come and go. `who` may raise FleetError."""
    guards: dict[str, asyncio.Task[None]] = {}
    names: set[str] = set()
    async with asyncio.TaskGroup() as tasks:
        while True:
            with suppress(FleetError):  # nobody knows just now
                names = set(await asyncio.to_thread(who))
            for name in guards.keys() - names:
                guards.pop(name).cancel()
            for name in names - guards.keys():
                guards[name] = tasks.create_task(guard(name, process(name), settings))
            await asyncio.sleep(LOOK_S)

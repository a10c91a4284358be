"""Ends a process that hangs and that nobody else judges: the store, a shared model, a driver, the monitor itself."""

import asyncio
import logging
from collections.abc import Callable, Collection
from contextlib import suppress
from typing import Protocol

from actors.errors import FleetError
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

    One that is silent as long as a node may be is ended even if nobody answers.
    """
    silent_s = 0.0
    while True:
        await asyncio.sleep(EVERY_S)
        try:
            async with asyncio.timeout(settings.silent_s):
                pulse = await process.pulse()
        except TimeoutError:
            silent_s += settings.silent_s
            hung = others_answer() or silent_s >= settings.silent_node_s
        except FleetError:  # it is being started
            silent_s = 0.0
            continue
        else:
            silent_s = 0.0
            hung = pulse.tick_age_s >= settings.stale_tick_s
        if hung:
            log.warning("%s hangs and is ended; it is started again", name)
            await process.end(for_good=False)


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

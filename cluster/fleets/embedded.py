"""A run in this process: an embedded fleet, a driver, the result files. `resume` goes on after its end."""

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, suppress
from typing import Protocol

from actors.machine import garbage
from actors.settings import Settings
from actors.stores.protocol import RunRecord, Store
from actors.stores.reader import Reader
from actors.work import RunStatus
from cluster.driving.driver import Driver
from cluster.driving.lease import lease
from cluster.driving.ports import AgentPort, OpenRun
from cluster.fleets.fleet import Fleet
from cluster.home import config
from cluster.results.files import ResultFiles

Show = Callable[[RunRecord, Callable[[], bool]], Awaitable[None]]
"""Shows a run until the last argument says that its driver has ended."""

SIGNALS = {signal.SIGINT: 130, signal.SIGTERM: 143}
"""What asks for a drain, and the exit code after it."""

PAUSE_POLL_S = 0.5


class Around(Protocol):
    """A fleet, as far as a session needs one."""

    @property
    def store(self) -> Store:
        """Its store."""
        ...

    @property
    def agents(self) -> Mapping[str, AgentPort]:
        """Its agents by id."""
        ...

    async def guard(self) -> None:
        """See Fleet."""
        ...


class Session:
    """Drives one run to its end, to a pause, or to the person's Ctrl-C."""

    def __init__(
        self,
        settings: Settings,
        models: frozenset[str],
        pause_limit_s: float | None,
        farewell: Callable[[], None],
        fleet: Callable[[Settings, frozenset[str]], AbstractAsyncContextManager[Around]] = Fleet,
    ) -> None:
        self._settings, self._models, self._pause_limit_s, self._fleet = settings, models, pause_limit_s, fleet
        self._farewell = farewell  # last words of a process that ends at once
        self.interrupted_by: signal.Signals | None = None

    async def run(self, open_run: OpenRun, show: Show) -> RunStatus:
        """Start the fleet, drive the run, end the fleet. Raises FleetError, StoreError, UserError."""
        garbage.calm()
        async with self._fleet(self._settings, self._models) as fleet:
            record = await open_run(fleet.store)
            driver = Driver(record, fleet.store, fleet.agents, f"pid {os.getpid()} of `run` or `resume`")
            with lease(self._settings.home, record):
                guarding = asyncio.ensure_future(fleet.guard())
                try:
                    return await self._drive(driver, record, show)
                finally:
                    guarding.cancel()

    async def _drive(self, driver: Driver, record: RunRecord, show: Show) -> RunStatus:
        reader = Reader(config.store_path(self._settings.home))
        files = ResultFiles(reader, record.run, self._settings.home)
        self._listen(driver)
        async with asyncio.TaskGroup() as tasks:
            driving = tasks.create_task(driver.drive())
            side = [tasks.create_task(files.follow()), tasks.create_task(self._leave_when_paused(driver))]
            tasks.create_task(self._show(show, record, driving))
            driving.add_done_callback(lambda _: [task.cancel() for task in side])
        files.catch_up()
        reader.close()
        return driving.result()

    async def _show(self, show: Show, record: RunRecord, driving: asyncio.Task[RunStatus]) -> None:
        await show(record, driving.done)

    def _listen(self, driver: Driver) -> None:
        """Signal handlers, set only now: Ray replaces earlier ones when it starts."""
        loop = asyncio.get_running_loop()
        for number in SIGNALS:
            loop.add_signal_handler(number, self._interrupt, number, driver)

    def _interrupt(self, number: signal.Signals, driver: Driver) -> None:
        if self.interrupted_by is not None:
            # At once: what is in flight is lost and paid for again. Ray's processes end with this one.
            self._farewell()
            os._exit(SIGNALS[number])
        self.interrupted_by = number
        with suppress(OSError):
            sys.stderr.write("\nEnding after the calls in flight; once more to end at once.\n")
        driver.drain()

    async def _leave_when_paused(self, driver: Driver) -> None:
        if self._pause_limit_s is None:
            return
        paused_s = 0.0
        while paused_s < self._pause_limit_s:
            await asyncio.sleep(PAUSE_POLL_S)
            paused_s = paused_s + PAUSE_POLL_S if driver.paused else 0.0
        driver.drain()

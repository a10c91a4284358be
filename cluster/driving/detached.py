"""A driver without a person in front of it: it ends with its run, and goes on after whatever happens to it."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from pathlib import Path

from actors.errors import BuildDiffers, MnemosyneError, NotFound, RunDriven, StaleTerm, StoreDamaged
from actors.stores.protocol import RunRecord, Store
from actors.stores.reader import Reader
from actors.work import RunStatus
from cluster.driving.driver import Driver
from cluster.driving.lease import lease
from cluster.driving.ports import AgentPort
from cluster.home.config import store_path
from cluster.results.files import ResultFiles

Open = Callable[[], tuple[Store, Mapping[str, AgentPort]]]
"""The store and the agents, as they can be reached now."""

AGAIN_S = (0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
"""Pauses before it tries again; the last one for ever."""

ACCEPT_TIMEOUT_S = 60.0
"""Whoever started this driver for a new run has accepted the run by then, or has died."""
ACCEPT_POLL_S = 0.05

log = logging.getLogger(__name__)


class DetachedDriver:
    """Drives a run in the term after `seen`, or in a later one if it was the last driver itself, under this name."""

    def __init__(self, home: Path, run: str, seen: int, name: str, open_: Open) -> None:
        self._home, self._run, self._seen, self._name, self._open = home, run, seen, name, open_
        self._driver: Driver | None = None
        self._draining = False

    def drain(self) -> None:
        """Assign nothing new; `drive` returns once nothing is active."""
        self._draining = True
        if self._driver:
            self._driver.drain()

    async def drive(self) -> str:
        """Return, with the reason, once there is nothing to drive any more for this driver."""
        failures = 0
        while not self._draining:
            try:
                return (await self._drive_once()).value
            except Exception as error:
                if refused := _refusal(error):
                    return str(refused)
                log.exception("run %s: the driver failed and tries again", self._run)
            await asyncio.sleep(AGAIN_S[min(failures, len(AGAIN_S) - 1)])
            failures += 1
        return "drained"

    async def _drive_once(self) -> RunStatus:
        store, agents = self._open()
        record = await self._accepted(store)
        if record.term != self._seen and record.driver != self._name:
            raise StaleTerm(f"run {self._run} was taken by {record.driver} in term {record.term}")
        with lease(self._home, record):
            self._driver = Driver(record, store, agents, self._name)
            if self._draining:
                self._driver.drain()
            return await self._drive_with_files(record)

    async def _accepted(self, store: Store) -> RunRecord:
        """The run; waits for its acceptance if nobody has driven it yet. Raises NotFound."""
        deadline = asyncio.get_running_loop().time() + ACCEPT_TIMEOUT_S
        while True:
            try:
                return await store.run(self._run)
            except NotFound:
                if self._seen or self._draining or asyncio.get_running_loop().time() > deadline:
                    raise
            await asyncio.sleep(ACCEPT_POLL_S)

    async def _drive_with_files(self, record: RunRecord) -> RunStatus:
        assert self._driver is not None
        reader = Reader(store_path(self._home))
        files = ResultFiles(reader, record.run, self._home)
        writing = asyncio.ensure_future(files.follow())
        try:
            status = await self._driver.drive()
        finally:
            writing.cancel()
            await asyncio.gather(writing, return_exceptions=True)
        try:
            files.catch_up()
        except (OSError, MnemosyneError):  # the journal has them; `results` and the next `resume` write them again
            log.exception("run %s: some result files are missing", self._run)
        reader.close()
        return status


def _refusal(error: BaseException) -> MnemosyneError | None:
    """What trying again would not change: whose run it is, which sources run, a damaged store."""
    match error:
        case StaleTerm() | RunDriven() | BuildDiffers() | NotFound() | StoreDamaged():
            return error
        case BaseExceptionGroup(exceptions=parts):
            return next(filter(None, map(_refusal, parts)), None)
    return None

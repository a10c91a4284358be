"""The process of a run's driver in a fleet."""

import asyncio
import logging
import os
from collections.abc import Collection, Mapping
from pathlib import Path

from actors.handles.agent import RemoteAgent
from actors.handles.names import MONITOR
from actors.handles.store import find_store
from actors.machine import garbage, process_memory
from actors.processes.process import Process
from actors.remote import end
from actors.settings import HealthSettings
from actors.stores.protocol import Store
from actors.supervision.guard import guard
from actors.supervision.remote_ward import RemoteWard
from cluster.driving.detached import DetachedDriver

log = logging.getLogger(__name__)


class DriverProcess(Process):
    """The driver of one run, in a process of its own; ends itself when nothing is left to drive."""

    def __init__(self, home: str, run: str, seen: int, name: str, namespace: str, agents: Collection[str]) -> None:
        super().__init__(name)
        garbage.calm()
        process_memory.outlive_agents()
        os.umask(0o077)
        self._driver = DetachedDriver(Path(home), run, seen, name, lambda: _ports(namespace, agents))
        self._work = asyncio.ensure_future(self._drive(name, namespace))
        watched = RemoteWard(MONITOR, namespace)
        self._guarding = asyncio.ensure_future(guard(MONITOR, watched, HealthSettings()))

    async def _drive(self, name: str, namespace: str) -> None:
        try:
            ended = await self._driver.drive()
            log.warning("%s ends: %s", name, ended)  # into Ray's log of this process
        finally:
            end(name, namespace, for_good=True)  # Ray would start it again

    async def drain(self) -> None:
        """Assign nothing new; what is active ends. This process ends then."""
        self._driver.drain()


def _ports(namespace: str, agents: Collection[str]) -> tuple[Store, Mapping[str, RemoteAgent]]:
    """Raises FleetError if they are gone."""
    return find_store(namespace), {name: RemoteAgent(name, namespace) for name in agents}

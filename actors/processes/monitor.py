"""The process of a fleet's health monitor."""

import asyncio
import logging
import os
from collections.abc import Sequence
from functools import partial

from actors.handles.names import MONITOR, STORE
from actors.handles.store import RemoteStore
from actors.machine import process_memory
from actors.processes.plan import FleetPlan
from actors.processes.process import Process
from actors.remote import find
from actors.settings import Settings
from actors.supervision.drivers import guard_drivers
from actors.supervision.monitor import Monitor
from actors.supervision.remote_ward import RemoteWard

log = logging.getLogger(__name__)


class MonitorProcess(Process):
    """A Monitor that begins at once, and ends its process if it fails."""

    def __init__(self, plan: FleetPlan, agents: Sequence[str]) -> None:
        super().__init__(MONITOR)
        process_memory.outlive_agents()
        settings = Settings.model_validate_json(plan.settings)
        wards = {name: RemoteWard(name, plan.namespace, partial(plan.start_agent, name)) for name in agents}
        self._support = {name: RemoteWard(name, plan.namespace) for name in plan.support()}
        self._plan, self._wards, self._settings = plan, wards, settings.health
        self._watching = asyncio.ensure_future(self._watch())

    async def _watch(self) -> None:
        try:
            store = RemoteStore(find(STORE, self._plan.namespace))
            watching = Monitor(store, self._wards, self._settings, self._support).watch()
            await asyncio.gather(watching, guard_drivers(self._plan.namespace, self._settings))
        except BaseException:
            log.exception("the health monitor failed and begins anew")
            os._exit(1)

"""Starts the Ray actors of a fleet, or finds those that another process started; hands out plain interfaces to them."""

import asyncio
import socket
import uuid
from collections.abc import Collection, Mapping
from contextlib import chdir, suppress
from pathlib import Path
from types import TracebackType
from typing import Any

import ray

from actors.errors import FleetError
from actors.events import AgentStarting, AgentUnavailable, Event
from actors.handles.agent import RemoteAgent
from actors.handles.names import DRIVER, GOVERNOR, MONITOR, PAGE, STORE, model_actor
from actors.handles.store import RemoteStore, find_store
from actors.models.choice import SHARED, is_governed
from actors.processes.governor import GovernorProcess
from actors.processes.model import ModelProcess
from actors.processes.monitor import MonitorProcess
from actors.processes.plan import FleetPlan
from actors.processes.store import StoreProcess
from actors.remote import ask, end, names, spawn
from actors.settings import Settings
from actors.supervision.guard import guard
from actors.supervision.remote_ward import RemoteWard
from cluster.driving.driver_process import DriverProcess
from cluster.driving.remote_driver import RemoteDriver
from cluster.fleets.page import PageProcess
from cluster.fleets.starting import first_up, why_not
from cluster.home.config import in_ray_job, root, store_path

HEAD = {"node:__internal_head__": 0.001}
"""Where the store's file is; a share of it, and never a hard affinity, which a lost node would make final."""

OBJECT_STORE_BYTES = 80_000_000
"""Nearly Ray's minimum: nothing of ours goes through the object store."""

STOP_TIMEOUT_S = 10.0
PROBE_S = 5.0


def connect(namespace: str, **options: Any) -> None:
    """Start Ray, or join the one at `address`. Raises FleetError."""
    host, _, port = options.get("address", "local").rpartition(":")
    try:
        if host:  # Ray would end this process where nobody listens
            socket.create_connection((host, int(port)), PROBE_S).close()
        with chdir(root()):  # Ray puts the working directory on the path of every worker, before ours
            ray.init(namespace=namespace, log_to_driver=False, logging_level="ERROR", **options)
    except Exception as error:
        raise FleetError(f"Ray did not start: {error}") from None


def disconnect() -> None:
    """Leave Ray; one that this process started ends."""
    ray.shutdown()


class Fleet:
    """The actors of a fleet. As an async context manager an embedded one: Ray and they live and die with this process.

    A detached fleet outlives the process that started it; others find it by its namespace.
    """

    def __init__(
        self, settings: Settings, models: Collection[str], namespace: str | None = None, *, detached: bool = False
    ) -> None:
        self._settings, self._detached = settings, detached
        self._shared = [name for name in SHARED if name in models]
        self._governed = detached or any(map(is_governed, models))
        self._handles: list[Any] = []  # kept: a named actor ends when its last handle does
        self._namespace = namespace or f"mnemosyne-{uuid.uuid4().hex}"  # a cluster may hold the fleets of several jobs
        self.store: RemoteStore
        self.agents: Mapping[str, RemoteAgent] = {}

    @property
    def home(self) -> Path:
        """The fleet's folder."""
        return self._settings.home

    @property
    def namespace(self) -> str:
        """Of its actors' names."""
        return self._namespace

    async def pid(self, name: str) -> int:
        """Of the process of this name. Raises AgentGone if it does not answer."""
        return int(await ask(name, self._namespace, "pid"))

    async def __aenter__(self) -> "Fleet":
        agents = self._settings.fleet.pools.agents()
        workers = 1 + self._governed + len(self._shared) + len(agents)  # so many are started ahead
        embedded = {
            "address": "local",
            "num_cpus": workers,
            "object_store_memory": OBJECT_STORE_BYTES,
            "include_dashboard": False,
        }
        try:
            connect(self._namespace, **({} if in_ray_job() else embedded))
            await self.start_actors()
        except BaseException:
            ray.shutdown()
            raise
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        try:
            await self.stop_actors()
        finally:
            ray.shutdown()

    def spawn(self, process: type[Any], name: str, *args: Any, on: Mapping[str, float] | None = None) -> Any:
        """An actor of this fleet."""
        return spawn(process, name, self._namespace, *args, on=on, detached=self._detached)

    async def start_actors(self) -> None:
        """Store, shared models, agents. Ray is connected. Raises FleetError if no agent can be started."""
        self.store = RemoteStore(self.spawn(StoreProcess, STORE, str(store_path(self.home)), on=HEAD))
        self._start_governor()
        self.start_models(self._shared)
        await self._start_agents()

    def _start_governor(self) -> None:
        if self._governed:
            self._handles.append(
                self.spawn(GovernorProcess, GOVERNOR, self._settings.model_dump_json(), self._namespace, on=HEAD)
            )

    def find_actors(self, agents: Collection[str]) -> None:
        """Those that another process started. Raises FleetError."""
        self.store = find_store(self._namespace)
        self.agents = {name: self._agent(name) for name in agents}

    def start_models(self, models: Collection[str]) -> None:
        """Those of them that live in processes of their own, once each."""
        settings = self._settings.model_dump_json()
        for model in SHARED:
            if model in models:
                self._handles.append(self.spawn(ModelProcess, model_actor(model), model, settings))

    async def stop_actors(self) -> None:
        """Let every actor put on disk what it has. One that is gone or silent is left to the end of Ray."""
        with suppress(TimeoutError, FleetError):  # what an agent could not write is closed as lost by the next driver
            async with asyncio.timeout(STOP_TIMEOUT_S):
                await asyncio.gather(*(agent.stop() for agent in self.agents.values()), return_exceptions=True)
                await self.store.close()

    def start_page(self, port: int) -> None:
        """The live page of this home, on this port."""
        self._handles.append(self.spawn(PageProcess, PAGE, str(self.home), port, self._namespace, on=HEAD))

    def start_driver(self, run: str, seen: int) -> RemoteDriver:
        """A driver of its own for the run's term after `seen`; asked for twice it is one.

        With 0 the run need not be accepted yet: whoever dies in between, an accepted run has a driver.
        """
        name = f"{DRIVER}{run}-{seen + 1}"
        arguments = (str(self.home), run, seen, name, self._namespace, list(self.agents))
        self._handles.append(self.spawn(DriverProcess, name, *arguments, on=HEAD))
        return RemoteDriver(name, self._namespace)

    def drivers(self) -> dict[str, RemoteDriver]:
        """The fleet's drivers by name."""
        found = [name for name in names(self._namespace) if name.startswith(DRIVER)]
        return {name: RemoteDriver(name, self._namespace) for name in found}

    def end_actors(self) -> None:
        """All of them, for good, on a cluster that goes on. The monitor first: it renews others."""
        for name in sorted(names(self._namespace), key=lambda name: name != MONITOR):
            end(name, self._namespace, for_good=True)

    async def guard(self) -> None:
        """Until cancelled: see that the health monitor does not hang; it watches everybody else."""
        await guard(MONITOR, RemoteWard(MONITOR, self._namespace), self._settings.health)

    async def _start_agents(self) -> None:
        roles = self._settings.fleet.pools.agents()
        await self._record(*(AgentStarting(agent=name, role=role) for name, role in roles.items()))
        shared = list(SHARED) if self._detached else self._shared
        told, cpus = self._settings.model_dump_json(), self._settings.fleet.agent_cpus
        plan = FleetPlan(self._namespace, told, shared, self._detached, self._governed, cpus)
        # before the agents: where a node runs out of memory, Ray ends the newest until it has enough again
        self._handles.append(self.spawn(MonitorProcess, MONITOR, plan, list(roles), on=HEAD))
        self._handles += [plan.start_agent(name) for name in roles]
        self.agents = {name: self._agent(name) for name in roles}
        if cpus:  # nodes may have to be started for the others: whoever is up begins, and they join it
            await first_up(self.agents.values(), self._settings.fleet.node_start_timeout_s)
            return
        limit = self._settings.fleet.agent_start_timeout_s
        reasons = await asyncio.gather(*(why_not(agent, limit) for agent in self.agents.values()))
        failed = {name: reason for name, reason in zip(roles, reasons, strict=True) if reason is not None}
        if failed:
            await self._record(*(AgentUnavailable(agent=n, role=roles[n], reason=why) for n, why in failed.items()))
        if failed.keys() == roles.keys():
            raise FleetError(f"no agent could be started: {next(iter(failed.values()), 'none was asked for')}")

    def _agent(self, name: str) -> RemoteAgent:
        return RemoteAgent(name, self._namespace)

    async def _record(self, *events: Event) -> None:
        await self.store.append(uuid.uuid4().hex, events)

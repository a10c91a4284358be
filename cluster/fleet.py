"""Starts the Ray actors of a fleet and hands out plain interfaces to them."""

import asyncio
import uuid
from collections.abc import Mapping
from contextlib import chdir, suppress
from pathlib import Path
from types import TracebackType
from typing import Any

import ray
from ray.exceptions import RayError

from actors.errors import FleetError, MnemosyneError
from actors.events import AgentStarting, AgentUnavailable, Event
from actors.processes import STORE, AgentProcess, ModelProcess, StoreProcess, model_actor, spawn
from actors.remote import RemoteAgent, RemoteStore
from actors.settings import Settings
from actors.stores.protocol import Store
from actors.work import Role
from cluster.config import in_ray_job, root, store_path

HEAD = {"node:__internal_head__": 0.001}
"""Where the store's file is; a share of it, and never a hard affinity, which a lost node would make final."""

OBJECT_STORE_BYTES = 80_000_000
"""Nearly Ray's minimum: nothing of ours goes through the object store."""

SHARED_MODELS = ("local",)
"""Models that live in a process of their own."""

STOP_TIMEOUT_S = 10.0


class Fleet:
    """An embedded fleet: Ray and the actors live and die with this process. An async context manager."""

    def __init__(self, settings: Settings, models: frozenset[str]) -> None:
        self._settings = settings
        self._shared = [name for name in SHARED_MODELS if name in models]
        self._handles: list[Any] = []  # kept: a named actor ends when its last handle does
        self._namespace = f"mnemosyne-{uuid.uuid4().hex}"  # a cluster may hold the fleets of several jobs
        self.store: Store
        self.agents: Mapping[str, RemoteAgent] = {}

    @property
    def home(self) -> Path:
        """The fleet's folder."""
        return self._settings.home

    async def store_pid(self) -> int:
        """The process that writes the journal."""
        return int(await self._store_actor.pid.remote())

    async def __aenter__(self) -> "Fleet":
        try:
            self._start_ray()
            self._store_actor = spawn(
                StoreProcess, STORE, self._namespace, str(store_path(self._settings.home)), on=HEAD
            )
            self.store = RemoteStore(self._store_actor)
            await self._start_agents()
        except BaseException:
            ray.shutdown()
            raise
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        try:
            await self.stop_actors()
        finally:
            ray.shutdown()

    async def stop_actors(self) -> None:
        """Let every actor put on disk what it has. One that is gone or silent is left to the end of Ray."""
        with suppress(TimeoutError, RayError):  # what an agent could not write is closed as lost by the next driver
            async with asyncio.timeout(STOP_TIMEOUT_S):
                await asyncio.gather(*(agent.stop() for agent in self.agents.values()), return_exceptions=True)
                await self._store_actor.close.remote()

    def _start_ray(self) -> None:
        options: dict[str, Any] = {"namespace": self._namespace, "log_to_driver": False, "logging_level": "ERROR"}
        if not in_ray_job():
            options |= {
                "address": "local",
                "num_cpus": 1 + len(self._shared) + self._settings.fleet.executors,  # logical; so many workers ahead
                "object_store_memory": OBJECT_STORE_BYTES,
                "include_dashboard": False,
            }
        try:
            with chdir(root()):  # Ray puts the working directory on the path of every worker, before ours
                ray.init(**options)
        except Exception as error:
            raise FleetError(f"Ray did not start: {error}") from None

    async def _start_agents(self) -> None:
        settings = self._settings.model_dump_json()
        for model in self._shared:
            self._handles.append(spawn(ModelProcess, model_actor(model), self._namespace, model, settings))
        role = Role.EXECUTOR
        names = [f"{role.value}-{i}" for i in range(self._settings.fleet.executors)]
        await self._record(*(AgentStarting(agent=name, role=role) for name in names))
        agents = {
            name: RemoteAgent(
                spawn(AgentProcess, name, self._namespace, name, role.value, settings, self._namespace, self._shared)
            )
            for name in names
        }
        reasons = await asyncio.gather(*(self._why_not(agent) for agent in agents.values()))
        for name, reason in zip(names, reasons, strict=True):
            if reason is not None:
                await self._record(AgentUnavailable(agent=name, role=role, reason=reason))
                del agents[name]
        if not agents:
            raise FleetError(f"no agent could be started: {reasons[0]}")
        self.agents = agents

    async def _why_not(self, agent: RemoteAgent) -> str | None:
        limit = self._settings.fleet.agent_start_timeout_s
        try:
            async with asyncio.timeout(limit):
                await agent.ping()
        except TimeoutError:
            return f"it was not up within {limit:g} s"
        except MnemosyneError as error:
            return str(error)
        return None

    async def _record(self, *events: Event) -> None:
        await self.store.append(uuid.uuid4().hex, events)

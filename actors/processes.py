"""The Ray actors: thin wrappers over plain classes.

No constructor raises: an exception there, during a restart, would make the actor dead for good.
"""

import asyncio
import logging
import os
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import ray

from actors.desk import Desk, tell
from actors.errors import MnemosyneError, StoreLocked
from actors.governor.needs import Amounts
from actors.governor.notes import Answer, Note
from actors.host import AgentHost
from actors.journal.rows import Row
from actors.machine import garbage, process_memory
from actors.machine.ticker import Ticker
from actors.models.choice import open_model
from actors.models.port import Model, Request
from actors.remote import RemoteGovernor, RemoteModel, RemoteStore, find, title
from actors.secrecy.keys import AgentKey
from actors.secrecy.redaction import guard_logs
from actors.settings import Settings
from actors.stores.group import GroupStore
from actors.supervision.drivers import guard_drivers
from actors.supervision.monitor import Monitor
from actors.supervision.remote_ward import RemoteWard
from actors.supervision.wards import Pulse
from actors.wire import reply_json
from actors.work import role_of

STORE, MONITOR, GOVERNOR, PAGE = "store", "monitor", "governor", "page"
"""Names of actors."""

LOCK_TRIES, LOCK_RETRY_S = 30, 0.1
"""Looks at a locked store, so far apart, before it is refused."""

CONTROL = "control"
CONTROL_CALLS = 16
"""A class names its methods that answer from a thread of their own, also while the main loop is blocked."""

CALLS = 10_000
"""Calls that an actor takes at once; every reader of the store has one open."""

CAP = 2
"""Times the memory an agent may have, so that one that grows within a second or that blocks its pulse is held too."""


def model_actor(model: str) -> str:
    """The name of the actor of a shared model."""
    return f"model-{model}"


def spawn(
    process: type[Any],
    name: str,
    namespace: str,
    *args: Any,
    on: Mapping[str, float] | None = None,
    cpus: float = 0,
    detached: bool = False,
) -> Any:
    """The handle of a named actor that Ray restarts for ever, on a node with the resources `on`, else on the next one.

    A detached one outlives this process; if there is one of this name already, that is it.
    """
    options: dict[str, Any] = {"num_cpus": cpus, "max_restarts": -1, "max_concurrency": CALLS}
    options |= {"name": title(name), "namespace": namespace}
    if not on:  # one that needs nothing at all begins at a random node and may fall together with others
        options |= {"scheduling_strategy": "SPREAD", "memory": 0 if cpus else 1}  # kinds of nodes may tell CPUs alone
    if detached:
        options |= {"lifetime": "detached", "get_if_exists": True}
    for method in getattr(process, "CONTROL", ()):
        setattr(process, method, ray.method(concurrency_group=CONTROL)(getattr(process, method)))
    made = ray.remote(concurrency_groups={CONTROL: CONTROL_CALLS})(process)
    return made.options(**options, resources=dict(on or {})).remote(*args)


class StoreProcess:
    """The one process that writes the journal."""

    CONTROL = ("pulse",)

    def __init__(self, path: str) -> None:
        garbage.calm()
        process_memory.outlive_agents()
        os.umask(0o077)  # the journal holds prompts and answers
        self._path = Path(path)
        self._ticker: Ticker | None = None
        self._opened: GroupStore | None = None
        self._opening = asyncio.Lock()

    def __repr__(self) -> str:
        return title(STORE)

    async def _store(self) -> GroupStore:
        self._ticker = self._ticker or Ticker()
        async with self._opening:
            for left in range(LOCK_TRIES, -1, -1) if self._opened is None else ():
                try:
                    self._opened = await asyncio.to_thread(GroupStore, self._path)  # a server may not answer
                except StoreLocked:
                    if not left:
                        raise
                    # the command line leaves a request, or an earlier process is still ending
                    await asyncio.sleep(LOCK_RETRY_S)
                else:
                    self._requests = asyncio.ensure_future(self._opened.take_requests())
                    break
            assert self._opened is not None
            return self._opened

    async def call(self, method: str, *args: Any) -> Any:
        """Any method of the store by name; an error of ours comes back as a value."""
        try:
            return await getattr(await self._store(), method)(*args)
        except MnemosyneError as error:
            return error

    async def append(self, id_: str, columns: list[list[Any]], payloads: dict[str, str]) -> Any:
        """Store.append; the rows come as columns, which Ray carries without pickling."""
        rows = list(map(Row._make, zip(*columns, strict=True)))
        return await self.call("append_rows", id_, rows, payloads)

    async def read(self, run: str | None, after: int, max_wait_s: float, exclude: list[str], limit: int) -> Any:
        """Store.read; the rows go as columns."""
        rows = await self.call("read_rows", run, after, max_wait_s, exclude, limit)
        return rows if isinstance(rows, MnemosyneError) else [list(c) for c in zip(*rows, strict=True)] or [[], [], []]

    async def pid(self) -> int:
        """Of this process."""
        return os.getpid()

    async def pulse(self) -> Pulse:
        """How it does."""
        return Pulse(0, self._ticker.age_s if self._ticker else 0.0)

    async def close(self) -> None:
        """Close the file."""
        if self._opened is not None:
            self._requests.cancel()
            await self._opened.close()


class ModelProcess:
    """A model that lives in one process and is shared by the agents."""

    CONTROL = ("pulse",)

    def __init__(self, name: str, settings: str) -> None:
        self._name, self._settings = name, settings
        self._model: Model | None = None
        self._ticker: Ticker | None = None

    def __repr__(self) -> str:
        return title(model_actor(self._name))

    async def pulse(self) -> Pulse:
        """How it does."""
        return Pulse(0, self._ticker.age_s if self._ticker else 0.0)

    async def complete(self, request: bytes) -> tuple[str, bytes]:
        """Model.complete as JSON."""
        self._ticker = self._ticker or Ticker()
        try:
            if self._model is None:
                settings = Settings.model_validate_json(self._settings)
                self._model = open_model(self._name, settings.models, AgentKey())
            return reply_json(await self._model.complete(Request.model_validate_json(request)))
        except MnemosyneError as error:
            return reply_json(error)


class GovernorProcess:
    """The one process that gives permits for model calls."""

    CONTROL = ("pulse",)

    def __init__(self, settings: str, namespace: str) -> None:
        garbage.calm()
        process_memory.outlive_agents()
        self._namespace = namespace
        ceilings = Settings.model_validate_json(settings).models.ceilings
        self._ceilings = {model: Amounts(**ceiling.model_dump()) for model, ceiling in ceilings.items()}
        self._desk: Desk | None = None
        self._ticker: Ticker | None = None

    def __repr__(self) -> str:
        return title(GOVERNOR)

    async def exchange(self, agent: str, generation: int, note: Note) -> Answer:
        """See Desk."""
        if self._desk is None:
            self._ticker, self._desk = Ticker(), Desk(self._ceilings)
            self._telling = asyncio.ensure_future(tell(self._desk, RemoteStore(find(STORE, self._namespace))))
        return await self._desk.exchange(agent, generation, note)

    async def pid(self) -> int:
        """Of this process."""
        return os.getpid()

    async def pulse(self) -> Pulse:
        """How it does."""
        return Pulse(0, self._ticker.age_s if self._ticker else 0.0)


class AgentProcess(AgentHost):
    """One agent."""

    def __init__(self, id_: str, settings: str, namespace: str, shared: Sequence[str]) -> None:
        guard_logs()
        told = Settings.model_validate_json(settings)
        if told.health.memory_mb:
            process_memory.cap(CAP * told.health.memory_mb)
        super().__init__(id_, role_of(id_), told, RaySurroundings(namespace, shared))

    def __repr__(self) -> str:
        return title(self._id)


class RaySurroundings:
    """See Surroundings."""

    def __init__(self, namespace: str, shared: Sequence[str]) -> None:
        self._namespace, self._shared = namespace, shared

    def store(self) -> RemoteStore:
        """See Surroundings."""
        return RemoteStore(find(STORE, self._namespace))

    def shared_model(self, name: str) -> RemoteModel | None:
        """See Surroundings."""
        return RemoteModel(find(model_actor(name), self._namespace)) if name in self._shared else None

    def governor(self) -> RemoteGovernor:
        """See Surroundings."""
        return RemoteGovernor(GOVERNOR, self._namespace)

    def node(self) -> str:
        """See Surroundings."""
        return str(ray.get_runtime_context().get_node_id())


class FleetPlan(NamedTuple):
    """What every process of a fleet is started with."""

    namespace: str
    settings: str
    shared: Sequence[str]
    """Models that live in processes of their own."""
    detached: bool
    governed: bool = True
    """Whether the fleet has a governor: where every model is local or scripted, it needs none."""
    agent_cpus: float = 0

    def support(self) -> list[str]:
        """Names of the actors that are watched, and are no agents."""
        return [STORE, *[GOVERNOR] * self.governed, *[PAGE] * self.detached, *map(model_actor, self.shared)]

    def start_agent(self, name: str) -> Any:
        """The handle of a new agent, or of the one of this name if the fleet is detached."""
        arguments = (name, self.settings, self.namespace, self.shared)
        return spawn(AgentProcess, name, self.namespace, *arguments, cpus=self.agent_cpus, detached=self.detached)


class MonitorProcess:
    """The health monitor of a fleet."""

    CONTROL = ("pulse",)

    def __init__(self, plan: FleetPlan, agents: Sequence[str]) -> None:
        process_memory.outlive_agents()
        settings = Settings.model_validate_json(plan.settings)
        wards = {name: RemoteWard(name, plan.namespace, partial(plan.start_agent, name)) for name in agents}
        self._support = {name: RemoteWard(name, plan.namespace) for name in plan.support()}
        self._ticker = Ticker()
        self._plan, self._wards, self._settings = plan, wards, settings.health
        self._watching = asyncio.ensure_future(self._watch())

    def __repr__(self) -> str:
        return title(MONITOR)

    async def _watch(self) -> None:
        try:
            store = RemoteStore(find(STORE, self._plan.namespace))
            watching = Monitor(store, self._wards, self._settings, self._support).watch()
            await asyncio.gather(watching, guard_drivers(self._plan.namespace, self._settings))
        except BaseException:
            logging.getLogger(__name__).exception("the health monitor failed and begins anew")
            os._exit(1)

    async def pulse(self) -> Pulse:
        """How it does."""
        return Pulse(0, self._ticker.age_s)

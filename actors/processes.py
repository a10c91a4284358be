"""The Ray actors: thin wrappers over plain classes.

No constructor raises: an exception there, during a restart, would make the actor dead for good.
"""

import asyncio
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import ray

from actors import garbage
from actors.build import BUILD
from actors.errors import AgentGone, BuildDiffers, MnemosyneError, StoreLocked
from actors.events import Row
from actors.keys import AgentKey
from actors.models.choice import open_model
from actors.models.port import Model, Request
from actors.remote import RemoteModel, RemoteStore
from actors.roles.agent import Agent, Card
from actors.roles.executor import Executor
from actors.settings import Settings
from actors.stores.group import GroupStore
from actors.wire import TASKS, reply_json
from actors.work import Role

STORE = "store"
"""The store actor's name."""

LOCK_TRIES = 30
LOCK_RETRY_S = 0.1
"""Looks at a locked store, so far apart, before it is refused."""

LIFELINE_S = 5.0
"""Ray ends a process that got SIGTERM once its open calls ended and starts no new ones: none may stay for ever."""

CALLS = 10_000
"""Calls that an actor takes at once; every reader of the store has one open."""


def model_actor(model: str) -> str:
    """The name of the actor of a shared model."""
    return f"model-{model}"


def spawn(
    process: type[Any],
    name: str,
    namespace: str,
    *args: Any,
    on: Mapping[str, float] | None = None,
    detached: bool = False,
) -> Any:
    """The handle of a named actor that Ray restarts for ever, on a node with the resources `on`.

    A detached one outlives this process; if there is one of this name already, that is it.
    """
    options = {"num_cpus": 0, "max_restarts": -1, "max_concurrency": CALLS, "name": name, "namespace": namespace}
    if detached:
        options |= {"lifetime": "detached", "get_if_exists": True}
    return ray.remote(process).options(**options, resources=dict(on or {})).remote(*args)


class StoreProcess:
    """The one process that writes the journal."""

    def __init__(self, path: str) -> None:
        garbage.calm()
        os.umask(0o077)  # the journal holds prompts and answers
        self._path = Path(path)
        self._opened: GroupStore | None = None
        self._opening = asyncio.Lock()

    async def _store(self) -> GroupStore:
        async with self._opening:
            for left in range(LOCK_TRIES, -1, -1) if self._opened is None else ():
                try:
                    self._opened = GroupStore(self._path)
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
        rows = [Row(*row) for row in zip(*columns, strict=True)]
        return await self.call("append_rows", id_, rows, payloads)

    async def read(self, run: str, after: int, max_wait_s: float, exclude: list[str], limit: int) -> Any:
        """Store.read; the rows go as columns."""
        rows = await self.call("read_rows", run, after, max_wait_s, exclude, limit)
        return rows if isinstance(rows, MnemosyneError) else [list(c) for c in zip(*rows, strict=True)] or [[], [], []]

    async def pid(self) -> int:
        """Of this process."""
        return os.getpid()

    async def close(self) -> None:
        """Close the file."""
        if self._opened is not None:
            self._requests.cancel()
            await self._opened.close()


class ModelProcess:
    """A model that lives in one process and is shared by the agents."""

    def __init__(self, name: str, settings: str) -> None:
        self._name, self._settings = name, settings
        self._model: Model | None = None

    async def complete(self, request: bytes) -> tuple[str, bytes]:
        """Model.complete as JSON."""
        try:
            if self._model is None:
                settings = Settings.model_validate_json(self._settings)
                self._model = open_model(self._name, settings.models, AgentKey())
            return reply_json(await self._model.complete(Request.model_validate_json(request)))
        except MnemosyneError as error:
            return type(error).__name__, str(error).encode()


class AgentProcess:
    """One agent."""

    def __init__(self, id_: str, role: str, settings: str, namespace: str, shared: Sequence[str]) -> None:
        garbage.calm()
        self._id, self._role, self._namespace, self._shared = id_, Role(role), namespace, shared
        self._settings = Settings.model_validate_json(settings)
        self._models: dict[str, Model] = {}
        self._key = AgentKey()
        self._starting = asyncio.ensure_future(self._start())

    async def _start(self) -> Agent:
        self._store = RemoteStore(ray.get_actor(STORE, self._namespace))
        node = ray.get_runtime_context().get_node_id()
        generation = await self._store.register(self._id, self._role, os.getpid(), node)
        fleet, worker = self._settings.fleet, Executor(self._store, self._model, self._settings.models.max_tokens)
        return Agent(self._id, self._role, generation, worker, self._store, fleet.concurrency)

    def _model(self, name: str) -> Model:
        if name in self._shared and name not in self._models:
            self._models[name] = RemoteModel(ray.get_actor(model_actor(name), self._namespace))
        if name not in self._models:
            self._models[name] = open_model(name, self._settings.models, self._key)
        return self._models[name]

    async def _agent(self) -> Agent:
        if self._starting.done() and self._starting.exception():
            self._starting = asyncio.ensure_future(self._start())
        return await asyncio.shield(self._starting)

    async def attach(self, run: str, term: int, build: str) -> Card | MnemosyneError:
        """See Agent.attach; waits until the agent is up. A driver of other sources is refused."""
        if build != BUILD:
            return BuildDiffers(f"{self._id} runs build {BUILD}, the driver of run {run} is build {build}")
        try:
            return (await self._agent()).attach(run, term)
        except MnemosyneError as error:
            return error

    async def submit(self, run: str, term: int, generation: int, tasks: bytes) -> MnemosyneError | None:
        """See Agent.submit; the tasks are JSON, and meant for this generation."""
        try:
            (await self._of(generation)).submit(run, term, TASKS.validate_json(tasks))
        except MnemosyneError as error:
            return error
        return None

    async def cancel(self, run: str, term: int, attempts: Sequence[tuple[str, int]]) -> MnemosyneError | None:
        """See Agent.cancel."""
        try:
            (await self._agent()).cancel(run, term, attempts)
        except MnemosyneError as error:
            return error
        return None

    async def ping(self) -> MnemosyneError | None:
        """Returns once the agent is up."""
        try:
            await self._agent()
        except MnemosyneError as error:
            return error
        return None

    async def _of(self, generation: int) -> Agent:
        agent = await self._agent()
        if agent.generation != generation:
            raise AgentGone(f"{self._id} is generation {agent.generation} by now, generation {generation} is gone")
        return agent

    async def lifeline(self, generation: int) -> MnemosyneError | None:
        """Returns after LIFELINE_S; a caller learns from the broken call that the process is gone."""
        try:
            await self._of(generation)
        except MnemosyneError as error:
            return error
        await asyncio.sleep(LIFELINE_S)
        return None

    async def stop(self) -> None:
        """See Agent.stop."""
        if self._starting.done() and not self._starting.exception():
            await self._starting.result().stop()
        for model in self._models.values():
            await model.close()

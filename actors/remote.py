"""The Ray actors: thin wrappers over plain classes, and the plain interfaces over their handles.

No constructor raises: an exception there, during a restart, would make the actor dead for good.
"""

import asyncio
import os
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import ray
from ray.exceptions import RayActorError, RayTaskError

from actors import garbage
from actors.errors import AgentGone, MnemosyneError, ModelFaulty, StoreError, StoreLocked
from actors.events import Event, Row, from_rows, to_row
from actors.keys import AgentKey
from actors.models.choice import open_model
from actors.models.port import Model, OnDelta, Reply, Request
from actors.roles.agent import Agent, Card
from actors.roles.executor import Executor
from actors.settings import Settings
from actors.stores.group import GroupStore
from actors.stores.protocol import Accept, Receipt, RunRecord
from actors.wire import TASKS, reply_from, reply_json, request_json
from actors.work import Item, Role, Task, items_from

STORE = "store"
"""The store actor's name."""

STORE_WAIT_S = 60.0
"""A caller waits this long for a store that is being restarted."""

RETRY_S = 0.1

LOCK_TRIES = 30
"""Looks at a locked store, RETRY_S apart, before it is refused."""

MODEL_TRIES = 3
"""A call that ends its model's process this often is at fault itself."""

CALLS = 10_000
"""Calls that an actor takes at once; each agent has two open for as long as it lives."""


def model_actor(model: str) -> str:
    """The name of the actor of a shared model."""
    return f"model-{model}"


def spawn(process: type[Any], name: str, namespace: str, *args: Any) -> Any:
    """The handle of a new named actor that Ray restarts for ever."""
    options = {"num_cpus": 0, "max_restarts": -1, "max_concurrency": CALLS, "name": name, "namespace": namespace}
    return ray.remote(process).options(**options).remote(*args)


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
            for _ in range(LOCK_TRIES) if self._opened is None else ():
                try:
                    self._opened = GroupStore(self._path)
                except StoreLocked:  # the command line leaves a request, or an earlier process is still ending
                    await asyncio.sleep(RETRY_S)
                else:
                    self._requests = asyncio.ensure_future(self._opened.take_requests())
                    return self._opened
        return self._opened or GroupStore(self._path)

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

    async def attach(self, run: str, term: int) -> Card | MnemosyneError:
        """See Agent.attach; waits until the agent is up."""
        try:
            return (await self._agent()).attach(run, term)
        except MnemosyneError as error:
            return error

    async def submit(self, run: str, term: int, tasks: bytes) -> MnemosyneError | None:
        """See Agent.submit; the tasks are JSON."""
        try:
            (await self._agent()).submit(run, term, TASKS.validate_json(tasks))
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

    async def lifeline(self) -> None:
        """Never returns: a caller learns from the broken call that the process is gone."""
        await asyncio.Event().wait()

    async def stop(self) -> None:
        """See Agent.stop."""
        if self._starting.done() and not self._starting.exception():
            await self._starting.result().stop()
        for model in self._models.values():
            await model.close()


class RemoteStore:
    """The Store behind a StoreProcess's handle. Waits through a restart of the store; see Store for everything else."""

    def __init__(self, handle: Any) -> None:
        self._handle = handle

    def _send(self, method: str, *args: Any) -> Any:
        if method in ("append", "read"):
            return getattr(self._handle, method).remote(*args)
        return self._handle.call.remote(method, *args)

    async def _call(self, method: str, *args: Any) -> Any:
        deadline = asyncio.get_running_loop().time() + STORE_WAIT_S
        while True:
            try:
                answer = await self._send(method, *args)
                break
            except RayTaskError as error:
                raise StoreError(f"the store failed: {type(error.cause).__name__}: {error.cause}") from None
            except RayActorError as error:
                if asyncio.get_running_loop().time() > deadline:
                    raise StoreError(f"the store did not answer for {STORE_WAIT_S:g} s: {error}") from None
                await asyncio.sleep(RETRY_S)
        if isinstance(answer, MnemosyneError):
            raise answer
        return answer

    async def accept(self, plan: Accept) -> RunRecord:
        """See Store."""
        bodies = [item.model_dump_json() for item in plan.items]
        record: RunRecord = await self._call("accept_bodies", plan._replace(items=()), bodies)
        return record

    async def claim(self, run: str, driver: str) -> int:
        """See Store."""
        return int(await self._call("claim", run, driver))

    async def append(self, id: str, events: Sequence[Event], payloads: Mapping[str, str] | None = None) -> Receipt:  # noqa: A002
        """See Store."""
        columns = [list(column) for column in zip(*map(to_row, events), strict=True)]
        return Receipt(tuple(await self._call("append", id, columns, dict(payloads or {}))))

    async def read(
        self, run: str, after: int, max_wait_s: float, *, exclude: Collection[str] = (), limit: int = 2000
    ) -> list[Event]:
        """See Store."""
        seqs, ats, bodies = await self._call("read", run, after, max_wait_s, list(exclude), limit)
        return from_rows(zip(seqs, ats, bodies, strict=True))

    async def register(self, agent: str, role: Role, pid: int, node: str) -> int:
        """See Store."""
        return int(await self._call("register", agent, role, pid, node))

    async def items(self, run: str) -> tuple[Item, ...]:
        """See Store."""
        return items_from(await self._call("item_bodies", run))

    async def run(self, name: str) -> RunRecord:
        """See Store."""
        record: RunRecord = await self._call("run", name)
        return record

    async def payloads(self, refs: Collection[str]) -> dict[str, str]:
        """See Store."""
        return dict(await self._call("payloads", tuple(refs)))


class RemoteModel:
    """The Model behind a ModelProcess's handle."""

    def __init__(self, handle: Any) -> None:
        self._handle = handle

    async def complete(self, request: Request, on_delta: OnDelta | None = None) -> Reply:
        """See Model; deltas are not passed on."""
        del on_delta
        body = request_json(request)
        for _ in range(MODEL_TRIES):
            try:
                return reply_from(*await self._handle.complete.remote(body))
            except RayActorError:  # its process ended; Ray starts it again, and a local call costs nothing twice
                await asyncio.sleep(RETRY_S)
            except RayTaskError as error:
                raise ModelFaulty(f"the process of model {request.model} failed: {error.cause}") from None
        raise ModelFaulty(f"the process of model {request.model} ended {MODEL_TRIES} times during this call")

    async def close(self) -> None:
        """The model's process is the fleet's to end."""


class RemoteAgent:
    """The agent behind an AgentProcess's handle. Every call raises FleetError if its process does not answer."""

    def __init__(self, handle: Any) -> None:
        self._handle = handle

    async def _call(self, method: str, *args: Any) -> Any:
        try:
            answer = await getattr(self._handle, method).remote(*args)
        except (RayActorError, RayTaskError) as error:
            raise AgentGone(f"{type(error).__name__}: {error}") from None
        if isinstance(answer, MnemosyneError):
            raise answer
        return answer

    async def attach(self, run: str, term: int) -> Card:
        """See Agent.attach."""
        card: Card = await self._call("attach", run, term)
        return card

    async def submit(self, run: str, term: int, tasks: Sequence[Task]) -> None:
        """See Agent.submit. After AgentGone the tasks may have arrived or not."""
        await self._call("submit", run, term, TASKS.dump_json(list(tasks)))

    async def cancel(self, run: str, term: int, attempts: Sequence[tuple[str, int]]) -> None:
        """See Agent.cancel."""
        await self._call("cancel", run, term, list(attempts))

    async def lifeline(self) -> None:
        """Never returns while the agent's process lives."""
        await self._call("lifeline")

    async def ping(self) -> None:
        """Returns once the agent is up."""
        await self._call("ping")

    async def stop(self) -> None:
        """See Agent.stop."""
        await self._call("stop")

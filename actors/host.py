"""An agent's process without Ray: admission, its calls from outside, its end. Errors of ours come back as values."""

import asyncio
import os
from collections.abc import Sequence
from typing import Any, Protocol

from actors.errors import AgentGone, BuildDiffers, MnemosyneError
from actors.machine import garbage, process_memory
from actors.machine.build import BUILD
from actors.machine.ticker import Ticker
from actors.models.calls import ModelCalls
from actors.models.choice import open_model
from actors.models.claude import load_sdk
from actors.models.port import Model
from actors.permits import GovernedPermits, Governing
from actors.roles.agent import Agent, Before, Card
from actors.roles.factory import create_agent
from actors.secrecy.keys import AgentKey
from actors.settings import Settings
from actors.stores.protocol import Store
from actors.supervision.wards import Hello, Pulse
from actors.wire import TASKS
from actors.work import Role

LIFELINE_S = 5.0
"""Ray ends a process that got SIGTERM once its open calls ended and starts no new ones: none may stay for ever."""


class Surroundings(Protocol):
    """What a process finds around it."""

    def store(self) -> Store:
        """The fleet's store."""
        ...

    def shared_model(self, name: str) -> Model | None:
        """A model that lives in a process of its own; None if it does not."""
        ...

    def governor(self) -> Governing:
        """The fleet's governor."""
        ...

    def node(self) -> str:
        """Where this process runs."""
        ...


class AgentHost:
    """One agent's process: waits to be admitted, registers, then hands everything to its Agent."""

    CONTROL = ("hello", "alive", "pulse", "enroll", "admit")

    def __init__(self, id_: str, role: Role, settings: Settings, surroundings: Surroundings) -> None:
        garbage.calm()
        self._id, self._role, self._settings, self._around = id_, role, settings, surroundings
        self._models: dict[str, Model] = {}
        self._key = AgentKey()
        self._ticker, self._loop = Ticker(), asyncio.get_running_loop()
        self._enrolment: asyncio.Future[None] = self._loop.create_future()
        self._admission: asyncio.Future[Before] = self._loop.create_future()
        self._generation = 0
        self._starting = asyncio.ensure_future(self._start())

    async def _start(self) -> Agent:
        await asyncio.shield(self._enrolment)
        store = self._around.store()
        if not self._generation:
            self._generation = await store.register(self._id, self._role, os.getpid(), self._around.node())
        before = await asyncio.shield(self._admission)
        permits = GovernedPermits(self._id, self._generation, self._around.governor(), load_sdk)
        calls = ModelCalls(self._model, permits, self._settings.models.patience)
        return create_agent(self._role, self._id, self._generation, store, calls, self._settings, before)

    def _model(self, name: str) -> Model:
        if name not in self._models:
            shared = self._around.shared_model(name)
            self._models[name] = shared or open_model(name, self._settings.models, self._key)
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

    async def peek(self, run: str, item: str) -> str | None:
        """See Agent.peek; None too while there is no agent."""
        agent = self._up
        return agent.peek(run, item) if agent else None

    async def hello(self) -> Hello:
        """What this process is."""
        return Hello(os.getpid(), self._around.node(), self._generation, self._up is not None)

    async def alive(self, pid: int) -> bool:
        """False if this is another process by now, else true after LIFELINE_S: a caller learns of its end at once."""
        if pid != os.getpid():
            return False
        await asyncio.sleep(LIFELINE_S)
        return True

    async def pulse(self) -> Pulse:
        """How it does."""
        agent = self._up
        overdue = agent.overdue(self._loop.time()) if agent else []
        at_work = agent.at_work if agent else 0
        return Pulse(self._generation, self._ticker.age_s, at_work, tuple(overdue), process_memory.held_mb())

    async def enroll(self) -> None:
        """Register as the next generation. A second time does nothing."""
        self._loop.call_soon_threadsafe(_settle, self._enrolment, None)

    async def admit(self, before: Before) -> None:
        """Take work from now on. A second time does nothing."""
        self._loop.call_soon_threadsafe(_settle, self._admission, before)

    @property
    def _up(self) -> Agent | None:
        starting = self._starting
        return None if not starting.done() or starting.exception() else starting.result()

    async def ready(self) -> MnemosyneError | None:
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


def _settle(future: "asyncio.Future[Any]", value: object) -> None:
    if not future.done():
        future.set_result(value)

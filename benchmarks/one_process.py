"""The same product without Ray, in one process and one event loop: what the Python work alone costs."""

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path

from actors.models.calls import ModelCalls
from actors.models.scripted import ScriptedModel
from actors.roles.agent import Agent, Card
from actors.roles.prompt import PROMPTS
from actors.roles.prompted import Asker, Prompted
from actors.settings import ModelSettings
from actors.stores.group import GroupStore
from actors.stores.protocol import Accept
from actors.work import Item, Role, RunStatus, Task
from cluster.driving.driver import Driver


class Local:
    """An AgentPort without a process of its own."""

    def __init__(self, name: str, store: GroupStore) -> None:
        model, self.role = ScriptedModel(), Role.EXECUTOR
        worker = Prompted(PROMPTS[Role.EXECUTOR], Asker(store, ModelCalls(lambda _: model), ModelSettings()))
        self._agent = Agent(name, Role.EXECUTOR, 1, worker, store, 16)

    async def attach(self, run: str, term: int) -> Card:
        """See AgentPort."""
        return self._agent.attach(run, term)

    async def submit(self, run: str, term: int, generation: int, tasks: Sequence[Task]) -> None:
        """See AgentPort."""
        assert generation == 1
        self._agent.submit(run, term, tasks)

    async def cancel(self, run: str, term: int, attempts: Sequence[tuple[str, int]]) -> None:
        """See AgentPort."""
        self._agent.cancel(run, term, attempts)

    async def lifeline(self, generation: int) -> None:
        """See AgentPort."""
        assert generation == 1
        await asyncio.Event().wait()


async def one_process(folder: Path, run: str, items: tuple[Item, ...], executors: int = 2) -> float:
    """Seconds to drive one accepted run to its end."""
    store = GroupStore(folder / f"{run}.db")
    record = await store.accept(Accept(run, None, run, "digest", "scripted", items, {}))
    agents = {name: Local(name, store) for name in (f"executor-{n}" for n in range(executors))}
    begin = time.perf_counter()
    assert await Driver(record, store, agents, "benchmark").drive() is RunStatus.COMPLETED
    spent = time.perf_counter() - begin
    await store.close()
    return spent

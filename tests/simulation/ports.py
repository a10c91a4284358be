"""The ports of a simulated process: as Ray's in actors/handles, over the simulated network."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from actors.errors import StoreError
from actors.events import Event
from actors.memory.recall import Question, Recalled
from actors.roles.agent import Card
from actors.spending.account import Account
from actors.stores.protocol import Accept, Receipt, RunRecord
from actors.work import Item, Role, Task
from tests.simulation.network import Network, Server
from tests.simulation.process import Process

STORE_WAIT_S = 60.0
RETRY_S = 0.1


class Unreachable(Exception):
    """No process of the store answered; a port sends the call again."""


class StorePort:
    """The Store for one process. Waits through a restart of the store by sending again."""

    def __init__(self, net: Network, process: Process, server: Server) -> None:
        self._net, self._process, self._server = net, process, server

    async def _call(self, method: str, *args: Any) -> Any:
        deadline = self._net.loop.time() + STORE_WAIT_S
        while True:
            try:
                return await self._net.call(self._process, self._server, method, *args)
            except Unreachable:
                if self._net.loop.time() > deadline:
                    raise StoreError(f"the store did not answer for {STORE_WAIT_S:g} s") from None
                await asyncio.sleep(RETRY_S)

    async def accept(self, plan: Accept) -> RunRecord:
        """See Store."""
        record: RunRecord = await self._call("accept", plan)
        return record

    async def claim(self, run: str, driver: str, seen: int | None = None) -> int:
        """See Store."""
        return int(await self._call("claim", run, driver, seen))

    async def append(self, id: str, events: Sequence[Event], payloads: Mapping[str, str] | None = None) -> Receipt:  # noqa: A002
        """See Store."""
        receipt: Receipt = await self._call("append", id, list(events), payloads)
        return receipt

    async def read(
        self, run: str | None, after: int, max_wait_s: float, *, exclude: Collection[str] = (), limit: int = 2000
    ) -> list[Event]:
        """See Store."""
        events: list[Event] = await self._call("read", run, after, max_wait_s, exclude, limit)
        return events

    async def recall(self, question: Question) -> list[Recalled]:
        """See Store."""
        found: list[Recalled] = await self._call("recall", question)
        return found

    async def register(self, agent: str, role: Role, pid: int, node: str) -> int:
        """See Store."""
        return int(await self._call("register", agent, role, pid, node))

    async def items(self, run: str) -> tuple[Item, ...]:
        """See Store."""
        items: tuple[Item, ...] = await self._call("items", run)
        return items

    async def run(self, name: str) -> RunRecord:
        """See Store."""
        record: RunRecord = await self._call("run", name)
        return record

    async def account(self) -> Account | None:
        """See Store."""
        account: Account | None = await self._call("account")
        return account

    async def payloads(self, refs: Collection[str]) -> dict[str, str]:
        """See Store."""
        return dict(await self._call("payloads", tuple(refs)))


class SimulatedAgentPort:
    """The AgentPort of one driver to one agent, whichever process that has now."""

    def __init__(self, net: Network, process: Process, server: Server, role: Role) -> None:
        self._net, self._process, self._server, self.role = net, process, server, role

    async def attach(self, run: str, term: int) -> Card:
        """See AgentPort."""
        card: Card = await self._net.call(self._process, self._server, "attach", run, term)
        return card

    async def submit(self, run: str, term: int, generation: int, tasks: Sequence[Task]) -> None:
        """See AgentPort."""
        await self._net.call(self._process, self._server, "submit", run, term, generation, list(tasks))

    async def cancel(self, run: str, term: int, attempts: Sequence[tuple[str, int]]) -> None:
        """See AgentPort."""
        await self._net.call(self._process, self._server, "cancel", run, term, list(attempts))

    async def lifeline(self, generation: int) -> None:
        """See AgentPort."""
        await self._net.call(self._process, self._server, "lifeline", generation)

"""The store in its process."""

import asyncio
import uuid
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from actors.errors import FleetError, MnemosyneError, StoreError
from actors.events import Event
from actors.handles.names import STORE
from actors.journal.rows import from_rows, to_row
from actors.memory.memory import Memory
from actors.memory.recall import Question, Recalled
from actors.remote import BREAKS, CallFailed, ProcessEnded, cause_of, find
from actors.spending.account import Account
from actors.stores.protocol import Accept, Receipt, RunRecord, stated
from actors.work import Item, Role, items_from

STORE_WAIT_S = 60.0
"""A caller waits this long for a store that is being restarted."""

RETRY_S = 0.1


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
            except ProcessEnded as error:
                if asyncio.get_running_loop().time() > deadline:
                    raise StoreError(f"the store did not answer for {STORE_WAIT_S:g} s: {error}") from None
                await asyncio.sleep(RETRY_S)
            except CallFailed as error:
                raise StoreError(f"the store failed: {cause_of(error)}") from None
        if isinstance(answer, MnemosyneError):
            raise answer
        return answer

    async def accept(self, plan: Accept) -> RunRecord:
        """See Store."""
        items = [tuple(item) for item in stated(plan.items)]
        reused = [to_row(event).body for event in plan.reused]
        record: RunRecord = await self._call("accept_stated", plan._replace(items=(), reused=()), items, reused)
        return record

    async def claim(self, run: str, driver: str, seen: int | None = None) -> int:
        """See Store."""
        return int(await self._call("claim_once", uuid.uuid4().hex, run, driver, seen))

    async def append(self, id: str, events: Sequence[Event], payloads: Mapping[str, str] | None = None) -> Receipt:  # noqa: A002
        """See Store."""
        columns = [list(column) for column in zip(*map(to_row, events), strict=True)]
        return Receipt(tuple(await self._call("append", id, columns, dict(payloads or {}))))

    async def read(
        self, run: str | None, after: int, max_wait_s: float, *, exclude: Collection[str] = (), limit: int = 2000
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

    async def recall(self, question: Question) -> list[Recalled]:
        """See Store."""
        found = await self._call("recall_rows", *question)
        return [Recalled(Memory.model_validate_json(body), score) for body, score in found]

    async def account(self) -> Account | None:
        """See Store."""
        told = await self._call("account_json")
        return None if told is None else Account.from_json(told)

    async def payloads(self, refs: Collection[str]) -> dict[str, str]:
        """See Store."""
        return dict(await self._call("payloads", tuple(refs)))

    async def close(self) -> None:
        """Everything is on disk then, and nothing more is taken. Raises FleetError if the store does not answer."""
        try:
            await self._handle.close.remote()
        except BREAKS as error:
            raise FleetError(f"the store: {type(error).__name__}: {error}") from None


def find_store(namespace: str) -> RemoteStore:
    """The store of a fleet that is up. Raises FleetError."""
    try:
        return RemoteStore(find(STORE, namespace))
    except ValueError:
        raise FleetError("the fleet's actors are gone; `mnemosyne down`, then `mnemosyne up`") from None

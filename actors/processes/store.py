"""The one process that writes the journal."""

import asyncio
import os
from pathlib import Path
from typing import Any

from actors.errors import MnemosyneError, StoreLocked
from actors.handles.names import STORE
from actors.journal.rows import Row
from actors.machine import garbage, process_memory
from actors.processes.process import Process
from actors.stores.group import GroupStore

LOCK_TRIES, LOCK_RETRY_S = 30, 0.1
"""Looks at a locked store, so far apart, before it is refused."""


class StoreProcess(Process):
    """A GroupStore, opened with the first call."""

    def __init__(self, path: str) -> None:
        super().__init__(STORE)
        garbage.calm()
        process_memory.outlive_agents()
        os.umask(0o077)  # the journal holds prompts and answers
        self._path = Path(path)
        self._opened: GroupStore | None = None
        self._opening = asyncio.Lock()

    async def _store(self) -> GroupStore:
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

    async def close(self) -> None:
        """Close the file."""
        if self._opened is not None:
            self._requests.cancel()
            await self._opened.close()

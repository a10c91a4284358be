"""The PostgreSQL store's writer: it goes on by itself when the server is back."""

import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import TypeVar

from actors.errors import StoreUnreachable
from actors.stores.postgres import server
from actors.stores.postgres.fenced import FencedConnection
from actors.stores.protocol import Accept, RunRecord, Stated
from actors.stores.writer import Answer, Append, Writer
from actors.work import Role

T = TypeVar("T")

PATIENCE_S = 30.0
"""A restart of a server takes some seconds. Whoever waited so long is told; what they wanted they send again."""

AGAIN_S = 0.2


class PostgresStore(Writer):
    """The tables in a database, which nobody else writes meanwhile.

    What was under way when the session ended is done again in the next one: everything has an id by which the
    database knows whether it was committed.
    """

    def __init__(self, store: Path, clock: Callable[[], float] = time.time, patience_s: float = PATIENCE_S) -> None:
        super().__init__(clock)
        self._patience_s = patience_s
        self._closed = False
        self.db: FencedConnection = FencedConnection(server.read(store))
        try:
            self._begin_anew()
        except BaseException:
            self.db.close()
            raise

    def close(self) -> None:
        """Let another writer in."""
        self._closed = True
        self.db.release()

    def told(self) -> AbstractContextManager[None]:
        """See Writer; the connection itself tells."""
        return nullcontext()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        before = self._seq
        try:
            with self.db:
                yield
        except BaseException:
            self._doubt(before)
            raise

    def _patiently(self, work: Callable[[], T]) -> T:
        """Its answer, if need be in another session. Raises StoreUnreachable, StoreLocked."""
        deadline = time.monotonic() + self._patience_s
        while True:
            try:
                if self.db.is_lost:
                    self.db.connect()
                    self._begin_anew()
                return work()
            except StoreUnreachable:
                if self._closed or time.monotonic() > deadline:
                    raise
                time.sleep(AGAIN_S)

    def commit(self, appends: Sequence[Append]) -> list[Answer]:
        """See Writer."""
        return self._patiently(lambda: super(PostgresStore, self).commit(appends))

    def accept(self, plan: Accept, items: Sequence[Stated] | None = None) -> RunRecord:
        """See Writer."""
        return self._patiently(lambda: super(PostgresStore, self).accept(plan, items))

    def claim(self, claim: str, run: str, driver: str, seen: int | None) -> int:
        """See Writer."""
        return self._patiently(lambda: super(PostgresStore, self).claim(claim, run, driver, seen))

    def register(self, agent: str, role: Role, pid: int, node: str, once: str | None = None) -> int:
        """See Writer."""
        id_ = once or uuid.uuid4().hex
        return self._patiently(lambda: super(PostgresStore, self).register(agent, role, pid, node, id_))

"""The writer's session: it holds the lock, and no transaction of a writer that was followed by another commits.

The lock ends with the session; the token in the database says who came last. So whoever lost its session without
knowing it, or has one through a pooler that shares sessions, finds another token and writes nothing.
"""

from contextlib import suppress

from actors.errors import StoreLocked, StoreUnusable
from actors.stores import queries
from actors.stores.postgres import opening
from actors.stores.postgres.connection import Connection
from actors.stores.postgres.server import Server

TAKE = """insert into marks values('writer', 1)
          on conflict(name) do update set value = marks.value + 1 returning value"""
TOKEN = "select value from marks where name = 'writer' for update"  # noqa: S105


class FencedConnection(Connection):
    """See above. Raises StoreLocked where another writes."""

    def __init__(self, server: Server) -> None:
        self._token = 0
        super().__init__(server, "store")

    def connect(self) -> None:
        """A new session with the lock, and every earlier writer is over. Raises StoreUnreachable, StoreLocked."""
        super().connect()
        try:
            opening.lock(self)
            opening.prepare(self)
            self._token = int(queries.one(self, TAKE))
        except BaseException:
            self.close()
            raise

    def release(self) -> None:
        """Let another writer in at once: the server takes a moment to end a session."""
        if not self.is_lost:
            with suppress(StoreUnusable):
                self.execute("select pg_advisory_unlock_all()")
        self.close()

    def begin(self) -> None:
        """A transaction of the last writer; every later one waits until it has ended."""
        super().begin()
        if self._token and (found := queries.one(self, TOKEN)) != self._token:
            self.execute("rollback")
            self.close()
            raise StoreLocked(
                f"{self.server.name}: another process took this store over (writer {found}, this was {self._token}); "
                "nothing of this was written"
            )

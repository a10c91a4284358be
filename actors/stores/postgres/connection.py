"""A connection to the store's database, which takes the statements that are written for both kinds. See Db."""

import os
import re
import socket
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import lru_cache
from itertools import count
from typing import Any, Self

import psycopg

from actors.errors import StoreUnreachable
from actors.stores.postgres import refusals, texts
from actors.stores.postgres.server import Server

SCHEMA = "mnemosyne"
"""The database's part that is ours; there may be others beside it."""

PLACE = re.compile(r"\?(\d*)")

SETTINGS = f"""set search_path to {SCHEMA}; set synchronous_commit to on; set client_min_messages to warning;
set idle_in_transaction_session_timeout to '60s'; set default_transaction_isolation to 'read committed';
set tcp_keepalives_idle to 10; set tcp_keepalives_interval to 5; set tcp_keepalives_count to 3;
set tcp_user_timeout to 25000"""
"""The last four are for the server's end, as KEEPALIVE is for ours: a writer whose machine is gone without a word keeps
its lock for half a minute, not for the two hours of the kernel. A Unix socket has no use for them and takes them."""


@lru_cache(1000)
def native(sql: str) -> str:
    """The statement as PostgreSQL has it."""
    number = count(1)
    sql = PLACE.sub(lambda found: f"${found[1] or next(number)}", sql)
    return sql.replace("instr(", "strpos(")


def told(role: str) -> str:
    """Who this is, for whoever looks at the server's sessions."""
    return f"mnemosyne {role} {socket.gethostname()[:36]}:{os.getpid()}"


class Connection:
    """One session. Whatever goes wrong is StoreUnusable; StoreUnreachable if the session is over."""

    def __init__(self, server: Server, role: str) -> None:
        self.server, self._role = server, role
        self._changes = 0
        self.connect()

    def connect(self) -> None:
        """A new session. Raises StoreUnreachable."""
        application = told(self._role)
        try:
            self._db: psycopg.Connection[Any] = psycopg.connect(
                self.server.address, autocommit=True, application_name=application, client_encoding="utf8"
            )
        except psycopg.Error as error:
            raise refusals.unreachable(self.server.name, error) from None
        self._db.cursor_factory = psycopg.RawCursor
        texts.teach(self._db)
        try:
            Connection.execute(self, SETTINGS)
        except BaseException:
            self.close()
            raise

    @property
    def is_lost(self) -> bool:
        """Whether the session is over."""
        return self._db.closed

    @property
    def in_transaction(self) -> bool:
        """Whether one was begun."""
        return self._db.info.transaction_status != psycopg.pq.TransactionStatus.IDLE

    @contextmanager
    def _refused(self) -> Iterator[None]:
        try:
            yield
        except psycopg.Error as error:
            if self._db.closed:
                raise refusals.unreachable(self.server.name, error) from None
            raise refusals.refusal(self.server.name, error) from None

    def execute(self, sql: str, values: Sequence[Any] = (), /) -> psycopg.Cursor[Any]:
        """See Db."""
        with self._refused():
            found = self._db.execute(native(sql), values or None)
        self._changes = found.rowcount
        return found

    def executemany(self, sql: str, rows: Iterable[Sequence[Any]], /) -> None:
        """See Db."""
        with self._refused(), self._db.cursor() as cursor:
            cursor.executemany(native(sql), rows)

    def changes(self) -> int:
        """See Db."""
        return max(0, self._changes)

    def close(self) -> None:
        """See Db."""
        self._db.close()

    def begin(self) -> None:
        """A transaction."""
        self.execute("begin")

    def __enter__(self) -> Self:
        self.begin()
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:
            self.execute("commit")
        elif not self.is_lost and self.in_transaction:
            with suppress(StoreUnreachable):
                self.execute("rollback")


class PatientConnection(Connection):
    """For what may be done again: a statement that finds the session over is made in another one."""

    def execute(self, sql: str, values: Sequence[Any] = (), /) -> psycopg.Cursor[Any]:
        """See Db."""
        inside = not self.is_lost and self.in_transaction
        try:
            return super().execute(sql, values)
        except StoreUnreachable:
            if inside:
                raise
        self.connect()
        return super().execute(sql, values)


class ReadingConnection(PatientConnection):
    """For looks only."""

    def connect(self) -> None:
        """See Connection."""
        super().connect()
        try:
            super(PatientConnection, self).execute("set default_transaction_read_only to on")
        except BaseException:
            self.close()
            raise

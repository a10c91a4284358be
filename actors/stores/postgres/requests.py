"""Requests to a store on a server: rows of a table, from whatever machine. See Inbox."""

import time
import uuid

from actors.events import Event
from actors.journal.rows import from_rows, to_row
from actors.stores import queries
from actors.stores.postgres.connection import PatientConnection
from actors.stores.postgres.server import Server
from actors.stores.requests import Request

LEAVE = "insert into requests(id, at, body) values(?, ?, ?) on conflict do nothing"
WAITING = "select id, body from requests where not bad order by at"
COUNTS = "select count(*) filter (where not bad), count(*) filter (where bad) from requests"


class Table:
    """See Inbox. Every call may be made again. Raises StoreUnreachable, StoreUnusable."""

    def __init__(self, server: Server) -> None:
        self._db = PatientConnection(server, "requests")

    def leave(self, event: Event) -> str:
        """See Inbox."""
        id_ = uuid.uuid4().hex
        self._db.execute(LEAVE, (id_, time.time(), to_row(event).body))
        return id_

    def waiting(self) -> list[Request]:
        """See Inbox."""
        found = []
        for id_, body in self._db.execute(WAITING):
            try:
                (event,) = from_rows([(0, 0.0, body)])
            except ValueError:
                self.refused(id_)
            else:
                found.append(Request(id_, event))
        return found

    def has(self, id_: str) -> bool:
        """See Inbox."""
        return queries.one(self._db, "select 1 from requests where id = ? and not bad", id_) is not None

    def taken(self, id_: str) -> None:
        """See Inbox."""
        self._db.execute("delete from requests where id = ?", (id_,))

    def refused(self, id_: str) -> None:
        """See Inbox."""
        self._db.execute("update requests set bad = true where id = ?", (id_,))

    def counts(self) -> tuple[int, int]:
        """See Inbox."""
        ((waiting, bad),) = queries.rows(self._db, COUNTS)
        return waiting, bad

    def close(self) -> None:
        """See Inbox."""
        self._db.close()

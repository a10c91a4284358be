"""A store is opened as what it is: a SQLite file, or a database on a PostgreSQL server."""

from pathlib import Path

from actors.stores import opening
from actors.stores.database import Db
from actors.stores.place import is_on_server
from actors.stores.requests import Folder, Inbox
from actors.stores.sqlite import SqliteStore
from actors.stores.writer import Writer


def open_writer(store: Path) -> Writer:
    """The store for writing, made if there is none. Raises StoreLocked if somebody else writes it; StoreUnusable."""
    if is_on_server(store):
        from actors.stores.postgres.store import PostgresStore

        return PostgresStore(store)
    return SqliteStore(store)


def open_reading(store: Path) -> Db:
    """A read-only view of a store that is there. Raises StoreUnusable, StoreOutdated."""
    if is_on_server(store):
        from actors.stores.postgres import opening as server

        return server.connect_reading(store)
    return opening.connect_reading(store)


def open_inbox(store: Path) -> Inbox:
    """Where the requests to a store are left. Raises StoreUnusable."""
    if is_on_server(store):
        from actors.stores.postgres import requests, server

        return requests.Table(server.read(store))
    return Folder(store)

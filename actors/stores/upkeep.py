"""What a person does to a store that nobody writes: take out old runs, give the room back to the disk."""

import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import apsw

from actors.stores import memories, queries, refusals
from actors.stores.database import Db
from actors.stores.sqlite import SqliteStore
from actors.stores.writer import Writer

ENDED = """select r.id, r.run, r.key, r.name, r.items, max(e.at) from runs r
           join events e on e.run = r.id and e.type = 'run_finished'
           group by r.id having max(e.at) < ? order by r.id"""
RUN_TABLES = (("attempts", "run"), ("items", "run"), ("events", "run"), ("runs", "id"))
REF = re.compile(r'"ref":"([^"\\]+)"')
"""A Content's reference, or something that looks like one: then its payload stays, which harms nobody."""
ITEMS = """select body from items where body like '%"ref":"%'"""
EVENTS = """select seq, body from events where body like '%"ref":"%' and seq > ? order by seq limit 2000"""
STEP = 200
"""Payloads deleted in one transaction, some MB of write-ahead log."""


class Old(NamedTuple):
    """A finished run that may go."""

    id: int
    run: str
    key: str | None
    name: str
    items: int
    finished_at: float


class Sizes(NamedTuple):
    """Bytes on disk, before and after."""

    before: int
    after: int


def finished_before(db: Db, at: float) -> list[Old]:
    """Runs that ended before this moment, oldest first."""
    return [Old(*row) for row in db.execute(ENDED, (at,))]


def remove(store: Writer, old: Old) -> None:
    """The run with its items, attempts and events is gone, whole or not at all. Raises StoreUnusable."""
    with store.told(), store.db:
        queries.mark(store.db)
        memories.remove(store.db, old.id)
        for table, column in RUN_TABLES:
            store.db.execute(f"delete from {table} where {column} = ?", (old.id,))  # noqa: S608


def remove_payloads(store: Writer) -> int:
    """Texts that nothing refers to any more are gone; says how many. Raises StoreUnusable."""
    with store.told():
        used = set(_used(store.db))
        unused = [ref for (ref,) in store.db.execute("select hash from payloads") if ref not in used]
        for start in range(0, len(unused), STEP):
            step = [(ref,) for ref in unused[start : start + STEP]]
            with store.db:
                store.db.executemany("delete from payloads where hash = ?", step)
    return len(unused)


def _used(db: Db) -> Iterator[str]:
    for (body,) in db.execute(ITEMS):
        yield from REF.findall(body)
    after = 0
    while page := queries.rows(db, EVENTS, after):
        for after, body in page:  # noqa: B007 -- the next page begins behind it
            yield from REF.findall(body)


def vacuum(store: SqliteStore) -> Sizes:
    """The file is as small as it can be. Needs as much room again for a while. Raises StoreUnusable."""
    before = _size(store.path)
    with refusals.told(store.path):
        store.db.execute("vacuum").fetchall()
        with suppress(apsw.BusyError):  # somebody reads: the close does it
            store.db.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
    return Sizes(before, _size(store.path))


def _size(path: Path) -> int:
    files = (path, Path(f"{path}-wal"))
    return sum(file.stat().st_size for file in files if file.exists())

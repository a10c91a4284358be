"""Opening a store's database: for writing the lock against a second writer, then the right schema or a refusal."""

import atexit
from collections.abc import Callable, Mapping
from pathlib import Path

from actors.errors import StoreLocked, StoreUnusable
from actors.stores import fleet_budget, queries, refusals
from actors.stores.postgres import schema, server
from actors.stores.postgres.connection import SCHEMA, Connection, ReadingConnection
from actors.stores.schema import VERSION

LOCK = 0x6D6E656D6F73796E
"""Of the whole database, for as long as the writer's session lives."""

FIRST = 3
"""The schema with which stores on servers began."""


def _from_3(db: Connection) -> None:
    db.execute(schema.translated(fleet_budget.TABLES))


STEPS: Mapping[int, Callable[[Connection], None]] = {3: _from_3}
"""By the schema they start from; each leads to the next, in one transaction with the others."""

OURS = "select to_regclass(?) is not null"
OTHERS = "select count(*) from pg_class where relnamespace = to_regnamespace(?)"
HOLDERS = """select a.application_name from pg_locks l join pg_stat_activity a on a.pid = l.pid
             where l.locktype = 'advisory' and l.granted and l.objsubid = 1
             and l.database = (select oid from pg_database where datname = current_database())
             and l.classid = ? and l.objid = ?"""


def version(db: Connection) -> int:
    """Of the schema; 0 if nothing is there yet. Raises StoreUnusable for what is another program's."""
    if not queries.one(db, OURS, f"{SCHEMA}.marks"):
        if queries.one(db, OTHERS, SCHEMA):
            raise _foreign(db)
        return 0
    found = queries.one(db, "select value from marks where name = 'schema'")
    if found is None:
        raise _foreign(db)
    return int(found)


def _foreign(db: Connection) -> StoreUnusable:
    return StoreUnusable(
        f"{db.server.name} has a schema {SCHEMA} that is not a store of mnemosyne; it was left as it is. "
        "Name another database"
    )


def holder(db: Connection) -> str | None:
    """Who writes this store now: "mnemosyne store HOST:PID"; None if nobody does."""
    found = queries.one(db, HOLDERS, LOCK >> 32, LOCK & 0xFFFFFFFF)
    return None if found is None else str(found)


def lock(db: Connection) -> None:
    """The writer's lock, until the session ends. Raises StoreLocked."""
    if not queries.one(db, "select pg_try_advisory_lock(?)", LOCK):
        who = holder(db) or "another process"
        raise StoreLocked(f"{db.server.name}: {who} writes to this store; end it or use another database")


def prepare(db: Connection, steps: Mapping[int, Callable[[Connection], None]] = STEPS, to: int = VERSION) -> None:
    """The database has the present schema; made if there is none. Needs the lock. Raises StoreUnusable."""
    if (encoding := queries.one(db, "show server_encoding")) != "UTF8":
        raise StoreUnusable(
            f"{db.server.name} has the encoding {encoding}; make the database with `createdb -E UTF8 -T template0`"
        )
    found = version(db)
    if found > to:
        raise refusals.newer(db.server.name, found, to)
    if found and found < min([*steps, to]):
        raise _foreign(db)
    if found < to:
        with db:
            _make(db) if not found else _bring_forward(db, found, steps, to)
            db.execute(queries.MARK, ("schema", to))


def _make(db: Connection) -> None:
    db.execute(f"create schema if not exists {SCHEMA}")
    db.execute(schema.tables())


def _bring_forward(db: Connection, found: int, steps: Mapping[int, Callable[[Connection], None]], to: int) -> None:
    for step in range(found, to):
        steps[step](db)


def connect_reading(store: Path) -> ReadingConnection:
    """A session that only looks at a store that is there. Raises StoreUnusable, StoreOutdated."""
    db = ReadingConnection(server.read(store), "reader")
    try:
        found = version(db)
        if not found:
            raise refusals.missing(db.server.name)
        refusals.check_version(db.server.name, found, VERSION)
    except BaseException:
        db.close()
        raise
    return db


_lookers: dict[Path, ReadingConnection] = {}
"""A page asks several times a second who writes; threads take turns."""


@atexit.register
def _forget_lookers() -> None:
    while _lookers:
        _lookers.popitem()[1].close()


def session_of(store: Path) -> str | None:
    """Who writes this store now; see `holder`. Raises StoreUnusable."""
    if store not in _lookers:
        _forget_lookers()
        _lookers[store] = ReadingConnection(server.read(store), "look")
    try:
        return holder(_lookers[store])
    except StoreUnusable:
        _lookers.pop(store).close()  # the next look begins anew, with what the file says then
        raise

"""Is the store whole? SQLite's own check of a file, then what the rows promise each other. Changes nothing."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import apsw
from pydantic import ValidationError

from actors.stores import header, queries
from actors.stores.database import Db
from actors.stores.place import is_on_server
from actors.stores.reader import Reader
from actors.stores.run_inspection import RESTORE, Finding, RunInspection, events, first_mistake

SNAPSHOT = "begin transaction isolation level repeatable read"
TEXTS = "select hash, text from payloads where hash > ? order by hash limit 500"
FAULTS = 20
"""SQLite lists so many; one is enough for the cure."""


def inspect(path: Path) -> Iterator[Finding]:
    """Every finding, as it is made. Raises StoreUnusable if there is no store of this schema."""
    if damaged := None if is_on_server(path) else _header(path):
        yield damaged
        return
    reader = Reader(path)
    try:
        reader.db.execute("begin transaction" if isinstance(reader.db, apsw.Connection) else SNAPSHOT)
        yield from _inspect(reader)
    except (apsw.CorruptError, apsw.NotADBError) as error:
        yield Finding(f"the file cannot be read to its end: {error}", RESTORE)
    finally:
        reader.close()


def _header(path: Path) -> Finding | None:
    """Whether it is a database at all; what else is wrong with it the Reader says."""
    if not path.exists():
        return None
    try:
        db = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
        try:
            header.is_empty(db)
        finally:
            db.close()
    except (apsw.CorruptError, apsw.NotADBError) as error:
        return Finding(f"{path} is damaged from its beginning: {error}", RESTORE)
    except apsw.Error:
        return None
    return None


def _inspect(reader: Reader) -> Iterator[Finding]:
    db = reader.db
    if isinstance(db, apsw.Connection):
        yield from _file(db)
    for (run,) in db.execute("select distinct run from events where run != 0 and run not in (select id from runs)"):
        yield Finding(f"events belong to a run that is not there (row {run})", RESTORE)
    known = set[str]()
    ref = ""
    while page := queries.rows(db, TEXTS, ref):
        for ref, text in page:
            known.add(ref)
            if hashlib.sha256(text.encode()).hexdigest() != ref:
                yield Finding(f"the text {ref} is not the one that was stored", RESTORE)
    yield from _fleet(db)
    for record in reader.runs():
        yield from RunInspection(db, record, known).findings()


def _file(db: apsw.Connection) -> Iterator[Finding]:
    for (told,) in db.execute(f"pragma integrity_check({FAULTS})"):
        if told != "ok":
            yield Finding(f"the file is damaged: {told}", RESTORE)
    for table, _, parent, _ in db.execute("pragma foreign_key_check"):
        yield Finding(f"a row of {table} belongs to no row of {parent}", RESTORE)


def _fleet(db: Db) -> Iterator[Finding]:
    try:
        for _ in events(db, queries.FLEET_ID):
            pass
    except ValidationError as error:
        yield Finding(f"events of the fleet cannot be understood: {first_mistake(error)}", RESTORE)

"""Is the store whole? SQLite's own check, then what its rows promise each other. Reads one state, changes nothing."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import apsw
from pydantic import ValidationError

from actors.stores import queries
from actors.stores.reader import Reader
from actors.stores.run_inspection import RESTORE, Finding, RunInspection, events, first_mistake

FAULTS = 20
"""SQLite lists so many; one is enough for the cure."""


def inspect(path: Path) -> Iterator[Finding]:
    """Every finding, as it is made. Raises StoreUnusable if there is no store of this schema."""
    damaged = _header(path)
    if damaged:
        yield damaged
        return
    reader = Reader(path)
    try:
        reader.db.execute("begin")
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
            queries.is_empty(db)
        finally:
            db.close()
    except (apsw.CorruptError, apsw.NotADBError) as error:
        return Finding(f"{path} is damaged from its beginning: {error}", RESTORE)
    except apsw.Error:
        return None
    return None


def _inspect(reader: Reader) -> Iterator[Finding]:
    db = reader.db
    for (told,) in db.execute(f"pragma integrity_check({FAULTS})"):
        if told != "ok":
            yield Finding(f"the file is damaged: {told}", RESTORE)
    for table, _, parent, _ in db.execute("pragma foreign_key_check"):
        yield Finding(f"a row of {table} belongs to no row of {parent}", RESTORE)
    for (run,) in db.execute("select distinct run from events where run != 0 and run not in (select id from runs)"):
        yield Finding(f"events belong to a run that is not there (row {run})", RESTORE)
    known = set[str]()
    for ref, text in db.execute("select hash, text from payloads"):
        known.add(ref)
        if hashlib.sha256(text.encode()).hexdigest() != ref:
            yield Finding(f"the text {ref} is not the one that was stored", RESTORE)
    yield from _fleet(db)
    for record in reader.runs():
        yield from RunInspection(db, record, known).findings()


def _fleet(db: apsw.Connection) -> Iterator[Finding]:
    try:
        for _ in events(db, queries.FLEET_ID):
            pass
    except ValidationError as error:
        yield Finding(f"events of the fleet cannot be understood: {first_mistake(error)}", RESTORE)

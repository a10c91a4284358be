"""Opening a store's file: for writing the lock against a second writer, then the right schema or a refusal."""

import fcntl
import os
from pathlib import Path

import apsw

from actors.errors import StoreLocked, StoreUnusable
from actors.stores import header, migrations, refusals, sqlite_words
from actors.stores.holder import lock_file
from actors.stores.schema import APPLICATION_ID, PRAGMAS, TABLES, VERSION

BUSY_MS = 5000
"""A reader that recovers the write-ahead log after a crash keeps the others out for a moment."""


def lock(path: Path) -> int:
    """The writer's lock, until it is closed. Raises StoreLocked, StoreUnusable."""
    with refusals.told(path):
        opened = os.open(lock_file(path), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(opened)
        raise StoreLocked(f"{path}: another process writes to this store; end it or use another home") from None
    return opened


def connect(path: Path) -> apsw.Connection:
    """The file with the present schema; made if there is none. Needs the lock. Raises StoreUnusable."""
    with refusals.told(path):
        if missing := refusals.missing_head(path):
            raise missing
        db = apsw.Connection(str(path))
        try:
            _prepare(db, path)
        except BaseException:
            db.close()
            raise
    return db


def _prepare(db: apsw.Connection, path: Path) -> None:
    db.set_busy_timeout(BUSY_MS)
    version, new = header.version(db), header.is_empty(db)
    if not new and (header.owner(db) != APPLICATION_ID or version < min(migrations.STEPS)):
        raise refusals.foreign(path)
    if version > VERSION:
        raise refusals.newer(path, version, VERSION)
    for pragma in PRAGMAS:  # only now: another's file stays as it is
        db.execute(pragma).fetchall()
    if new:
        with db:
            db.execute(TABLES + sqlite_words.TABLE).fetchall()
            db.execute(f"pragma application_id = {APPLICATION_ID}; pragma user_version = {VERSION}").fetchall()
    elif version < VERSION:
        migrations.bring_forward(db, path, version)


def connect_reading(path: Path) -> apsw.Connection:
    """A read-only view of the file. Raises StoreUnusable, StoreOutdated."""
    if not path.exists():
        raise refusals.missing(path)
    with refusals.told(path):
        db = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        db.set_busy_timeout(BUSY_MS)
        with refusals.told(path):
            _check(db, path)
    except StoreUnusable:
        db.close()
        raise
    return db


def _check(db: apsw.Connection, path: Path) -> None:
    version = header.version(db)
    if header.is_empty(db):
        raise refusals.missing(path)
    if header.owner(db) != APPLICATION_ID:
        raise refusals.foreign(path)
    refusals.check_version(path, version, VERSION)

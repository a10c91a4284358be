"""From every older schema to the present one: a copy of the old file is kept beside it, then one transaction.

Killed at any moment the store is either old or new; opening it again goes on.
"""

import time
from collections.abc import Callable
from pathlib import Path

import apsw

from actors.stores import copying, fleet_budget, memories, sqlite_words
from actors.stores.schema import VERSION


def _from_1(db: apsw.Connection) -> None:
    db.execute("alter table runs add column revises text").fetchall()
    db.execute("alter table appends add column at real not null default 0").fetchall()
    db.execute("update appends set at = ?", (time.time(),))  # when they were written is not known
    db.execute("create index appends_by_at on appends(at)").fetchall()
    db.execute("create table marks(name text primary key, value integer not null) strict, without rowid").fetchall()


def _from_2(db: apsw.Connection) -> None:
    db.execute(
        memories.TABLES + sqlite_words.TABLE
    ).fetchall()  # what was answered before is no memory: its results name none


def _from_3(db: apsw.Connection) -> None:
    db.execute(fleet_budget.TABLES).fetchall()


STEPS: dict[int, Callable[[apsw.Connection], None]] = {1: _from_1, 2: _from_2, 3: _from_3}
"""By the schema they start from; each leads to the next."""


def kept(path: Path, version: int) -> Path:
    """Where the file of an older schema is kept."""
    return Path(f"{path}.v{version}")


def bring_forward(db: apsw.Connection, path: Path, version: int) -> None:
    """The writer's file has the present schema, and its old self lies beside it. Raises apsw.Error, OSError."""
    copying.copy(db, kept(path, version))
    with db:
        for step in range(version, VERSION):
            STEPS[step](db)
        db.execute(f"pragma user_version = {VERSION}").fetchall()

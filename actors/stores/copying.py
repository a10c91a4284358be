"""A whole copy of a store beside its living writer."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import apsw

from actors.errors import StoreUnusable
from actors.machine.disk import sync_folder
from actors.stores import header, queries
from actors.stores.database import Db

PAGES = 1000
"""About 4 MB between two moments in which Ctrl-C is heard."""


def copy(db: Db, file: Path) -> None:
    """Put what is committed into `file`, whole or not at all, in place of what is there.

    Until it is whole it is called `file`.part; one that a killed process left is used again. Raises apsw.Error,
    OSError; StoreUnusable if the copy would be damaged, or if another process makes the same one.
    """
    assert isinstance(db, apsw.Connection), "a server's store is copied by its own tools"
    part = file.with_name(f"{file.name}.part")
    with _owned(part) as opened:
        _fill(db, part)
        os.fsync(opened)
        part.replace(file)
    sync_folder(file.parent)


@contextmanager
def _owned(part: Path) -> Iterator[int]:
    """The empty file, which nobody else fills; gone again if this fails."""
    opened = os.open(part, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)  # it will hold prompts and answers
    try:
        try:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.fstat(opened).st_ino != part.stat().st_ino:  # finished and renamed by another, just now
                raise BlockingIOError
        except (BlockingIOError, FileNotFoundError):
            raise StoreUnusable(f"{part} is being written by another process; wait for it, then try again") from None
        os.ftruncate(opened, 0)
        _remove_journals(part)
        try:
            yield opened
        except BaseException:
            _remove_journals(part)
            with suppress(FileNotFoundError):
                part.unlink()
            raise
    finally:
        os.close(opened)


def _fill(db: apsw.Connection, part: Path) -> None:
    new = apsw.Connection(str(part))
    try:
        db.execute("begin")  # one state of the store, whatever its writer does meanwhile
        try:
            header.is_empty(db)
            with new.backup("main", db, "main") as backup:
                while not backup.done:
                    backup.step(PAGES)
        finally:
            db.execute("rollback")
        new.execute("pragma journal_mode = delete").fetchall()  # one file, nothing beside it
        if (found := queries.one(new, "pragma quick_check(1)")) != "ok":
            raise apsw.CorruptError(f"the copy would be damaged: {found}")
    finally:
        new.close()


def _remove_journals(part: Path) -> None:
    for end in ("-journal", "-wal", "-shm"):
        with suppress(FileNotFoundError):
            Path(f"{part}{end}").unlink()

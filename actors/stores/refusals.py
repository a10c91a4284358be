"""What may be wrong with a store's file, in one sentence each, with the cure. Nothing is made anew in its place."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import apsw

from actors.errors import StoreDamaged, StoreMissing, StoreOutdated, StoreUnusable

DAMAGED = (
    "{path} is damaged: {error}; it was left as it is. `mnemosyne store check` says what is damaged; "
    "then bring back a backup, see docs/store.md"
)
READ_ONLY = (
    "{path} cannot be opened or written: {error}; let this user write the file and its folder, or name another --home"
)
FULL = "the store's disk is full; free some space, nothing was lost ({path})"
FAILED = "the disk of {path} failed: {error}; nothing of this was written. See to the disk, then try again"
OTHER = "{path}: {error}; nothing of this was written"

SENTENCES: tuple[tuple[tuple[type[Exception], ...], str], ...] = (
    ((apsw.CorruptError, apsw.NotADBError), DAMAGED),
    ((apsw.FullError,), FULL),
    ((apsw.ReadOnlyError, apsw.CantOpenError, apsw.PermissionsError, PermissionError), READ_ONLY),
    ((apsw.IOError, OSError), FAILED),
)
NO_SPACE = (28, 122)
"""ENOSPC and EDQUOT; SQLite tells some of them as errors of the disk."""


def refusal(path: Path, error: Exception) -> StoreUnusable:
    """The error as people are told it."""
    if isinstance(error, OSError) and error.errno in NO_SPACE:
        return StoreUnusable(FULL.format(path=path))
    sentence = next((text for kinds, text in SENTENCES if isinstance(error, kinds)), OTHER)
    kind = StoreDamaged if sentence is DAMAGED else StoreUnusable
    return kind(sentence.format(path=path, error=error))


@contextmanager
def told(path: Path) -> Iterator[None]:
    """Turns what SQLite and the disk may say about the file into StoreUnusable."""
    try:
        yield
    except (apsw.Error, OSError) as error:
        raise refusal(path, error) from None


def missing_head(path: Path) -> StoreUnusable | None:
    """Why an empty or missing file is no new store: its write-ahead log is still there. None if it may be one."""
    log = Path(f"{path}-wal")
    if log.exists() and log.stat().st_size and not (path.exists() and path.stat().st_size):
        return StoreUnusable(
            f"{path} is missing or empty, but its write-ahead log {log.name} holds data; "
            "put the file back, or bring back a backup and remove that log, see docs/store.md"
        )
    return None


def missing(store: Path | str) -> StoreMissing:
    """Nothing was written here yet."""
    return StoreMissing(f"{store}: there is no store here yet; `mnemosyne run PLAN` makes one")


def check_version(store: Path | str, version: int, known: int) -> None:
    """Raise StoreUnusable, StoreOutdated for a schema that cannot be read."""
    if version > known:
        raise newer(store, version, known)
    if version < known:
        raise StoreOutdated(
            f"{store} has schema {version}, this version reads {known}; `mnemosyne status` brings it forward "
            "once no process writes it"
        )


def foreign(path: Path) -> StoreUnusable:
    """Another program's file."""
    return StoreUnusable(f"{path} is not a store of mnemosyne; it was left as it is. Use another --home")


def newer(path: Path | str, version: int, known: int) -> StoreUnusable:
    """Written by a version that knows more."""
    return StoreUnusable(
        f"{path} has schema {version}, this version knows {known}; update mnemosyne, or use another --home"
    )

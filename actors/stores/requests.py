"""Requests to a store that another process writes: left where that process looks, and taken in by it.

A SQLite store has a folder of files beside it, one on a server a table. A request is there until its event is on disk,
and has the id of the append: nothing is lost, nothing comes twice.
"""

import os
import uuid
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple, Protocol

from actors.events import Event
from actors.journal.rows import from_rows, to_row


class Request(NamedTuple):
    """One request that is not in the journal yet."""

    id: str
    event: Event


class Inbox(Protocol):
    """Where the requests to a store are left."""

    def leave(self, event: Event) -> str:
        """Put a request there for whoever writes the store; its id."""
        ...

    def waiting(self) -> list[Request]:
        """What was left, oldest first. What cannot be read is set aside."""
        ...

    def has(self, id_: str) -> bool:
        """Whether it was not taken in yet."""
        ...

    def taken(self, id_: str) -> None:
        """It is in the journal."""
        ...

    def refused(self, id_: str) -> None:
        """Set it aside: it never will be."""
        ...

    def counts(self) -> tuple[int, int]:
        """How many wait, and how many were set aside."""
        ...

    def close(self) -> None:
        """Let go of it."""
        ...


class Folder:
    """See Inbox."""

    def __init__(self, store: Path) -> None:
        self._store, self._folder = store, folder_of(store)

    def _file(self, id_: str) -> Path:
        return self._folder / f"{id_}.json"

    def leave(self, event: Event) -> str:
        """See Inbox."""
        return leave(self._store, event).stem

    def waiting(self) -> list[Request]:
        """See Inbox."""
        return list(waiting(self._store))

    def has(self, id_: str) -> bool:
        """See Inbox."""
        return self._file(id_).exists()

    def taken(self, id_: str) -> None:
        """See Inbox. Left there, it is the same append again."""
        with suppress(OSError):
            self._file(id_).unlink()

    def refused(self, id_: str) -> None:
        """See Inbox."""
        with suppress(OSError):  # somebody removed it
            self._file(id_).rename(self._file(id_).with_suffix(".bad"))

    def counts(self) -> tuple[int, int]:
        """See Inbox."""
        names = [file.suffix for file in self._folder.iterdir()] if self._folder.is_dir() else []
        return names.count(".json"), names.count(".bad")

    def close(self) -> None:
        """See Inbox."""


def folder_of(store: Path) -> Path:
    """Where the requests to a store lie."""
    return store.with_name("requests")


def leave(store: Path, event: Event) -> Path:
    """Put a request on disk for whoever writes the store; returns its file, which is gone once it was taken in."""
    folder = folder_of(store)
    folder.mkdir(mode=0o700, exist_ok=True)
    file = folder / f"{uuid.uuid4().hex}.json"
    new = file.with_suffix(".new")
    with new.open("x", encoding="utf-8") as opened:
        opened.write(to_row(event).body)
        opened.flush()
        os.fsync(opened.fileno())
    new.replace(file)
    return file


def waiting(store: Path) -> Iterator[Request]:
    """Requests on disk, oldest first. One that cannot be read is set aside under the suffix .bad."""
    folder = folder_of(store)
    if not folder.is_dir():
        return
    for file in sorted(folder.glob("*.json"), key=_age):
        try:
            (event,) = from_rows([(0, 0.0, file.read_text(encoding="utf-8"))])
        except (ValueError, OSError):
            with suppress(OSError):
                file.rename(file.with_suffix(".bad"))
        else:
            yield Request(file.stem, event)


def _age(file: Path) -> int:
    try:
        return file.stat().st_mtime_ns
    except OSError:
        return 0  # reading it says the same

"""Requests to a store that another process writes: a folder of files beside it, taken in by that process.

A file is there until its event is on disk, and its name is the id of the append: nothing is lost, nothing comes twice.
"""

import os
import uuid
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from actors.events import Event
from actors.rows import from_rows, to_row


class Request(NamedTuple):
    """One request that is not in the journal yet."""

    id: str
    event: Event
    file: Path


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
            yield Request(file.stem, event, file)


def _age(file: Path) -> int:
    try:
        return file.stat().st_mtime_ns
    except OSError:
        return 0  # reading it says the same

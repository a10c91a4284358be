"""Everything below a folder, sorted, without leaving it; bounded in depth, number and time."""

import os
import stat
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import NamedTuple

from actors.errors import ToolFailed
from actors.tools.beneath import DEPTH, UNFINISHED, Beneath, Parts, open_folder

ENTRIES = 20_000
SECONDS = 10.0


class Entry(NamedTuple):
    """A file, a folder, or something else that is only named."""

    path: str
    name: str
    status: os.stat_result
    folder: int
    """Descriptor of the folder that it is in; open until the next entry."""

    @property
    def is_file(self) -> bool:
        """Whether it is a regular file."""
        return stat.S_ISREG(self.status.st_mode)

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder; what is in it follows."""
        return stat.S_ISDIR(self.status.st_mode)


class Walk:
    """Iterate once. `cut` says afterwards why not everything came; None if it did."""

    def __init__(self, beneath: Beneath, parts: Parts, entries: int = ENTRIES, seconds: float = SECONDS) -> None:
        self._beneath, self._parts, self._entries, self._seconds = beneath, parts, entries, seconds
        self._left, self._deadline = entries, time.monotonic() + seconds
        self.cut: str | None = None

    def __iter__(self) -> Iterator[Entry]:
        with self._beneath.folder(self._parts) as folder:
            yield from self._inside(folder, "".join(f"{part}/" for part in self._parts), len(self._parts))

    def _inside(self, folder: int, prefix: str, depth: int) -> Iterator[Entry]:
        for name in self._names(folder):
            if self._over():
                return
            if name.startswith(UNFINISHED) or not name.isprintable():
                continue
            with suppress(FileNotFoundError):
                entry = Entry(prefix + name, name, os.stat(name, dir_fd=folder, follow_symlinks=False), folder)
                yield entry
                if entry.is_folder:
                    yield from self._below(entry, depth + 1)

    def _names(self, folder: int) -> list[str]:
        with os.scandir(folder) as found:
            names = []
            for entry in found:
                names.append(entry.name)
                if len(names) > self._left:
                    self.cut = f"only the first {self._entries} entries were looked at"
                    break
        return sorted(names)

    def _below(self, entry: Entry, depth: int) -> Iterator[Entry]:
        if depth > DEPTH:
            self.cut = f"folders more than {DEPTH} deep were left out"
            return
        try:
            folder = open_folder(entry.name, entry.folder, entry.status.st_dev)
        except (OSError, ToolFailed):  # gone, another file system, or no folder any more
            return
        try:
            yield from self._inside(folder, f"{entry.path}/", depth)
        finally:
            os.close(folder)

    def _over(self) -> bool:
        self._left -= 1
        if self._left < 0:
            self.cut = f"only the first {self._entries} entries were looked at"
        elif time.monotonic() > self._deadline:
            self.cut = f"stopped after {self._seconds:g} s"
        else:
            return False
        return True

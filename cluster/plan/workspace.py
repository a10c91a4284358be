"""The files that a plan gives its run's workspace: read once, while it is accepted, from a folder inside its own."""

import hashlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from actors.errors import ToolFailed
from actors.tools.beneath import parts_of
from actors.tools.changes import LEFT_OUT
from actors.tools.workspace import Given, packed
from actors.work import Content, Item
from cluster.plan.caps import Caps
from cluster.plan.fields import read_fields
from cluster.plan.mistakes import quote
from cluster.plan.schema import WORKSPACE
from cluster.plan.source import READ, open_inside, read_regular, reason
from cluster.plan.spot import Spot


class _Entry(NamedTuple):
    path: str
    name: str
    status: os.stat_result
    folder: int
    """Descriptor; open until the next entry."""


class WorkspaceReader:
    """Reads the files of one plan's workspace. Every file that cannot be taken is a mistake."""

    def __init__(self, folder: Path, caps: Caps) -> None:
        self._folder, self._caps = Path(os.path.realpath(folder)), caps
        self._files: dict[str, Given] = {}
        self._looked_at = self._bytes = 0

    def read(self, spot: Spot) -> str | None:
        """The files as one text, see `packed`; None after a mistake."""
        fields = read_fields(spot, "the keys of a workspace", WORKSPACE, tuple(WORKSPACE))
        name = fields["files"].text({}) if "files" in fields else None
        return None if name is None else self._packed(fields["files"], name)

    def _packed(self, spot: Spot, name: str) -> str | None:
        path = Path(os.path.realpath(self._folder / name))
        if Path(name).is_absolute() or not path.is_relative_to(self._folder):
            cure = "copy the folder into it, or write the path from there"
            spot.wrong(f"{quote(name)} is outside the plan's folder or an absolute path", cure)
            return None
        try:
            folder = open_inside(self._folder, path)
        except (OSError, ValueError) as error:
            spot.wrong(
                f"{quote(name)} cannot be read: {reason(error)}", "check the path; it starts at the plan's folder"
            )
            return None
        try:
            for entry in self._walk(spot, folder, ""):
                self._take(spot, entry)
        except NotADirectoryError:
            spot.wrong(f"{quote(name)} is no folder", "name a folder; all its files are copied")
        finally:
            os.close(folder)
        return self._whole(spot, name)

    def _whole(self, spot: Spot, name: str) -> str | None:
        if self._looked_at > self._caps.workspace_files:
            spot.wrong(f"{quote(name)} has too many entries", f"at most {self._caps.workspace_files} files and folders")
        elif self._bytes > self._caps.workspace_bytes:
            spot.wrong(f"{quote(name)} is too large", f"at most {self._caps.workspace_bytes} bytes together")
        else:
            return packed(self._files)
        return None

    def _walk(self, spot: Spot, folder: int, prefix: str) -> Iterator[_Entry]:
        """Everything below an open folder, as far as the caps let. Raises OSError for a folder that is none."""
        with os.scandir(folder) as found:
            names = sorted(entry.name for _, entry in zip(range(self._caps.workspace_files + 2), found, strict=False))
        for name in names:
            if name in LEFT_OUT:
                continue
            self._looked_at += 1
            if self._looked_at > self._caps.workspace_files or self._bytes > self._caps.workspace_bytes:
                return
            path = prefix + name
            try:
                parts_of(path)
                status = os.stat(name, dir_fd=folder, follow_symlinks=False)
                if not stat.S_ISDIR(status.st_mode):
                    yield _Entry(path, name, status, folder)
                    continue
                below = os.open(name, READ | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=folder)
            except ToolFailed as error:
                spot.wrong(str(error), "rename it")
                continue
            except (OSError, ValueError) as error:
                spot.wrong(f"{quote(path)} cannot be read: {reason(error)}", "check its rights, or remove it")
                continue
            try:
                yield from self._walk(spot, below, f"{path}/")
            finally:
                os.close(below)

    def _take(self, spot: Spot, entry: _Entry) -> None:
        if stat.S_ISLNK(entry.status.st_mode):
            spot.wrong(f"{quote(entry.path)} is a symbolic link, and those are not copied", "put the file itself there")
            return
        try:
            content = None
            if stat.S_ISREG(entry.status.st_mode):
                descriptor = os.open(entry.name, READ | os.O_NOFOLLOW, dir_fd=entry.folder)
                content = read_regular(descriptor, self._caps.workspace_bytes - self._bytes)
        except OSError as error:
            spot.wrong(f"{quote(entry.path)} cannot be read: {reason(error)}", "check its rights, or remove it")
            return
        if content is None:
            spot.wrong(f"{quote(entry.path)} is no regular file", "remove it from the folder")
            return
        self._bytes += len(content)
        self._files[entry.path] = Given.of(content, executable=bool(entry.status.st_mode & stat.S_IXUSR))


def with_workspace(items: tuple[Item, ...], text: str, payloads: dict[str, str]) -> tuple[Item, ...]:
    """The items; those that can see the workspace know the files that it begins with."""
    ref = hashlib.sha256(text.encode()).hexdigest()
    payloads[ref] = text
    given = Content(ref=ref)
    return tuple(item.model_copy(update={"workspace": given}) if sees(item) else item for item in items)


def sees(item: Item) -> bool:
    """Whether it works in the workspace, or its review does."""
    return bool(item.tools or (item.review and item.review.tests))

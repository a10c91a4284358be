"""One folder and what is in it: no path leads out, whatever somebody else does to its folders meanwhile.

Every path is walked from the folder down, one name at a time, each opened relative to the one before and never through
a symbolic link. So it does not matter what a name means a moment later: what is open is what was looked at.
"""

import errno
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from actors.errors import ToolFailed

DEPTH = 32
PATH_BYTES = 2048
NAME_BYTES = 255
FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
UNFINISHED = ".mnemosyne-"
"""Begins the names of files that are being written. A killed process leaves them; nobody is shown them."""

_REASONS = {
    errno.ENOENT: "does not exist",
    errno.EACCES: "may not be opened",
    errno.EPERM: "may not be opened",
    errno.ELOOP: "is a symbolic link, and those are not followed",
    errno.EISDIR: "is a folder",
    errno.ENOTEMPTY: "is a folder",
    errno.ENOSPC: "cannot be written: the disk is full",
    errno.EDQUOT: "cannot be written: the disk quota is used up",
    errno.ENAMETOOLONG: "has too long a name",
    errno.EROFS: "cannot be written: its file system is read-only",
}

Parts = tuple[str, ...]
"""The names of a path, from the folder down; none of them is empty, "." or ".."."""


def quoted(path: str) -> str:
    """A path for a note: in quotes, one visible line, shortened."""
    short = path if len(path) <= 200 else path[:200] + "..."
    return '"' + "".join(c if c.isprintable() and c != '"' else ascii(c)[1:-1] for c in short) + '"'


def parts_of(path: str) -> Parts:
    """The names of a relative path. Raises ToolFailed for every path that could lead out, or that nobody can read."""
    if path.startswith("/"):
        raise ToolFailed(f"{quoted(path)} is an absolute path; paths start at the workspace, as in src/main.py")
    if len(path.encode(errors="replace")) > PATH_BYTES:
        raise ToolFailed(f"the path is too long; at most {PATH_BYTES} bytes")
    if not path.isprintable():  # NUL, newlines, lone surrogates
        raise ToolFailed(f"{quoted(path)} has characters that nobody can see")
    parts = tuple(part for part in path.split("/") if part not in ("", "."))
    if ".." in parts:
        raise ToolFailed(f'{quoted(path)} has ".." in it; write the path from the workspace down')
    if len(parts) > DEPTH or any(len(part.encode()) > NAME_BYTES for part in parts):
        raise ToolFailed(f"{quoted(path)} is too deep or has too long a name")
    if any(part.startswith(UNFINISHED) for part in parts):
        raise ToolFailed(f"{quoted(path)} is a name of mnemosyne's own")
    return parts


class Beneath:
    """A folder that exists and is not a symbolic link, and paths below it. Raises ToolFailed for everything else."""

    def __init__(self, root: Path) -> None:
        self._root = root

    @contextmanager
    def folder(self, parts: Parts, *, make: bool = False) -> Iterator[int]:
        """A descriptor of the folder; with `make`, missing ones are made."""
        shown = "/".join(parts) or "."
        with told(shown):
            below = os.open(self._root, FOLDER)
        try:
            device = os.fstat(below).st_dev
            for name in parts:
                with told(shown):
                    if make:
                        with suppress(FileExistsError):
                            os.mkdir(name, dir_fd=below)
                    above, below = below, open_folder(name, below, device)
                os.close(above)
            yield below
        finally:
            os.close(below)

    @contextmanager
    def file(self, path: str) -> Iterator[int]:
        """A descriptor of a regular file, to read."""
        *above, name = _file_parts(path)
        with self.folder(tuple(above)) as folder:
            with told(path):
                descriptor = open_file(name, folder)
            try:
                yield descriptor
            finally:
                os.close(descriptor)

    def write(self, path: str, content: bytes, seen: os.stat_result | None = None) -> bool:
        """Put a whole file there, or nothing; true if there was none. A file that others have too is not changed.

        With `seen`, only as long as the file there is that one.
        """
        *above, name = _file_parts(path)
        with self.folder(tuple(above), make=True) as folder, told(path):
            unfinished = UNFINISHED + secrets.token_hex(8)
            descriptor = os.open(unfinished, NEW, 0o666, dir_fd=folder)
            try:
                with os.fdopen(descriptor, "wb") as file:
                    file.write(content)
                    before = _there(name, folder)
                    if before is not None:
                        os.fchmod(descriptor, stat.S_IMODE(before.st_mode) & 0o777)
                    file.flush()
                    os.fsync(descriptor)
                if seen is not None and not (before and _same(seen, before)):
                    raise ToolFailed(f"{quoted(path)} was changed by somebody else meanwhile; read it again")
                os.replace(unfinished, name, src_dir_fd=folder, dst_dir_fd=folder)
            except BaseException:
                with suppress(OSError):
                    os.unlink(unfinished, dir_fd=folder)
                raise
            return before is None


def open_folder(name: str, above: int, device: int) -> int:
    """A folder within an open one, on the same file system. Raises OSError, ToolFailed."""
    below = os.open(name, FOLDER, dir_fd=above)
    if os.fstat(below).st_dev != device:
        os.close(below)
        raise ToolFailed(f"{quoted(name)} is another file system")
    return below


def open_file(name: str, folder: int) -> int:
    """A regular file within an open folder, which nobody else has under another name. Raises OSError, ToolFailed."""
    _check_regular(name, os.stat(name, dir_fd=folder, follow_symlinks=False))  # opening a device may do something
    descriptor = os.open(name, FILE, dir_fd=folder)
    try:
        _check_regular(name, os.fstat(descriptor))  # it may be another by now
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


@contextmanager
def told(path: str) -> Iterator[None]:
    """An OSError in there becomes a ToolFailed that names the path."""
    try:
        yield
    except OSError as error:
        if error.errno == errno.ENOTDIR:
            raise ToolFailed(f"{quoted(path)} leads through something that is no folder, or a symbolic link") from None
        reason = _REASONS.get(error.errno or 0, f"cannot be used: {error.strerror}")
        raise ToolFailed(f"{quoted(path)} {reason}") from None


def _file_parts(path: str) -> Parts:
    parts = parts_of(path)
    if not parts or path.endswith("/"):
        raise ToolFailed(f"{quoted(path)} is a folder")
    return parts


def _check_regular(name: str, status: os.stat_result) -> None:
    if stat.S_ISLNK(status.st_mode):
        raise ToolFailed(f"{quoted(name)} is a symbolic link, and those are not followed")
    if stat.S_ISDIR(status.st_mode):
        raise ToolFailed(f"{quoted(name)} is a folder")
    if not stat.S_ISREG(status.st_mode):
        raise ToolFailed(f"{quoted(name)} is no regular file")
    if status.st_nlink > 1:
        raise ToolFailed(f"{quoted(name)} has other names too (hard links), which may be outside the workspace")


def _there(name: str, folder: int) -> os.stat_result | None:
    try:
        status = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return None
    if stat.S_ISREG(status.st_mode):
        return status
    what = "a folder" if stat.S_ISDIR(status.st_mode) else "no regular file"
    raise ToolFailed(f"{quoted(name)} is {what}")


def _same(one: os.stat_result, other: os.stat_result) -> bool:
    return (one.st_ino, one.st_mtime_ns, one.st_size) == (other.st_ino, other.st_mtime_ns, other.st_size)

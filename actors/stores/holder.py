"""Who writes a store, as far as another process can see."""

import fcntl
import os
import socket
from pathlib import Path

from actors.stores.place import is_on_server

LOCKS = Path("/proc/locks")


def lock_file(store: Path) -> Path:
    """The file whose lock the writer holds."""
    return Path(f"{store}.lock")


def is_held(store: Path) -> bool:
    """Whether a process writes to this store now. Holds a file's lock itself for a moment if nobody does.

    Raises StoreUnusable for one on a server that does not say.
    """
    if is_on_server(store):
        return _session(store) is not None
    try:
        lock = os.open(lock_file(store), os.O_RDONLY | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(lock)
    return False


def holder(store: Path, locks: Path = LOCKS) -> int | None:
    """The writer's process id; None if there is none, or if this system does not tell."""
    if is_on_server(store):
        host, _, pid = (_session(store) or "").rpartition(":")
        return int(pid) if host.endswith(f" {socket.gethostname()}") else None
    try:
        file = lock_file(store).stat()
        lines = locks.read_text().splitlines()
    except OSError:
        return None
    place = f"{os.major(file.st_dev):02x}:{os.minor(file.st_dev):02x}:{file.st_ino}"
    for line in lines:
        fields = line.split()
        if "FLOCK" in fields and "->" not in fields and place in fields:
            return int(fields[fields.index(place) - 1])
    return None


def is_stopped(pid: int, proc: Path = Path("/proc")) -> bool:
    """Whether this process is stopped, as by Ctrl-Z: it holds what it holds, and does nothing."""
    try:
        return (proc / str(pid) / "stat").read_text().rpartition(")")[2].split()[0] in ("T", "t")
    except OSError:
        return False


def _session(store: Path) -> str | None:
    from actors.stores.postgres import opening

    return opening.session_of(store)

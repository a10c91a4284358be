"""Locked files: held by a process and by what inherits them, and free the moment those have ended."""

import fcntl
import os
import time
from pathlib import Path

TRIES = 20
TRY_S = 0.01
"""Whoever only looks whether a lock is held holds it for a moment."""


def exclusive(path: Path) -> int | None:
    """The file descriptor of this locked file; None if another process keeps it locked."""
    lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    for _ in range(TRIES):
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(TRY_S)
        else:
            return lock
    os.close(lock)
    return None

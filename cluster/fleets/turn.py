"""Whose turn it is: one `up` or `down` of a home at a time, and how another one waits for it.

All of it is locks, which end with their process: one that is killed, wherever it was, leaves nothing that counts.
"""

import asyncio
import fcntl
import os
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from actors.stores.holder import holder, is_held, is_stopped

POLL_S = 0.1
SILENT_S = 3.0
"""Whoever waits longer is told for whom."""


@contextmanager
def changing(
    home: Path, tell: Callable[[str], None], *, hurry: bool = False, silent_s: float = SILENT_S
) -> Iterator[None]:
    """One `up` or `down` at a time; another one waits, and says for whom.

    With `hurry` a `down` that is waited for does not wait for calls in flight any more; see unless_hurried.
    """
    with _opened(home / "fleet.lock") as lock:
        if not _took(lock):
            with _opened(home / "fleet-now.lock") as mark:
                _wait(home, lock, mark if hurry else None, tell, silent_s)
        yield


async def unless_hurried(home: Path, work: Coroutine[Any, Any, None]) -> bool:
    """Whether the work was done; it is cancelled once somebody who waits for our turn is in a hurry."""
    task = asyncio.ensure_future(work)
    try:
        while not task.done() and not is_held(home / "fleet-now"):
            await asyncio.wait({task}, timeout=POLL_S)
    finally:
        done = task.done()
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
    return done


def _wait(home: Path, lock: int, mark: int | None, tell: Callable[[str], None], silent_s: float) -> None:
    began, told = time.monotonic(), ""
    while not _took(lock):
        if mark is not None:
            _took(mark)  # one that is held by another in a hurry is as good, for as long as that one lives
        if time.monotonic() - began >= silent_s and (line := _who(home)) != told:
            told = line
            tell(line)
        time.sleep(POLL_S)


def _who(home: Path) -> str:
    pid = holder(home / "fleet")
    if pid is None:
        return "Waiting for another `up` or `down` of this home; which process that is, this system does not tell."
    if is_stopped(pid):
        return (
            f"Process {pid}, an `up` or `down` of this home, is stopped, and this command waits for it: "
            f"`kill -CONT {pid}` lets it go on, `kill -KILL {pid}` ends it."
        )
    return f"Waiting for process {pid}, another `up` or `down` of this home …"


@contextmanager
def _opened(file: Path) -> Iterator[int]:
    opened = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        yield opened
    finally:
        os.close(opened)


def _took(opened: int) -> bool:
    try:
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True

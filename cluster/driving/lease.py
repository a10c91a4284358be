"""Who drives a run, as far as processes of one machine can see: a locked file per term.

The journal's term is what fences; the lock only tells a second driver early, and a person whether anybody drives.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from actors.errors import RunDriven
from actors.stores.holder import is_held
from actors.stores.protocol import RunRecord
from cluster.home.locks import exclusive


def lock_file(home: Path, run: str, term: int) -> Path:
    """The file that the driver of this term keeps locked."""
    return home / "runs" / run / f"driver-{term}.lock"


def is_driven(home: Path, record: RunRecord) -> bool:
    """Whether a process drives the run now, or is about to: the next term is locked before it is claimed."""
    terms = (record.term, record.term + 1)
    return any(is_held(lock_file(home, record.run, term).with_suffix("")) for term in terms)


def refuse_if_driven(home: Path, record: RunRecord) -> None:
    """Raise RunDriven, with who drives and what to do, if a process drives the run."""
    if is_driven(home, record):
        raise RunDriven(
            f"run {record.run} is driven by {record.driver or 'a driver that is starting'} (term {record.term}); "
            f"watch it with `mnemosyne status {record.run} --watch`, or take it over with --take-over"
        )


@contextmanager
def lease(home: Path, record: RunRecord) -> Iterator[None]:
    """Hold the lock of the run's next term, to be claimed inside. Raises RunDriven if another is claiming it."""
    path = lock_file(home, record.run, record.term + 1)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = exclusive(path)
    if lock is None:
        raise RunDriven(f"another driver is taking run {record.run} at this moment; see `mnemosyne status`")
    try:
        lock_file(home, record.run, record.term).unlink(missing_ok=True)
        yield
        with suppress(OSError):
            path.unlink()
    finally:
        os.close(lock)

"""Reading a home's journal for people: one sentence instead of a traceback for whatever is wrong with it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import apsw

from actors.errors import HomeUnusable, StoreLocked, StoreOutdated, StoreUnusable
from actors.stores.holder import holder
from actors.stores.kinds import open_writer
from actors.stores.reader import Reader
from cluster.home.config import store_path
from dashboards.run_reading import Tail, read_end, read_view, readable

__all__ = ["POLL_S", "Tail", "current", "opened", "read_end", "read_view", "readable"]

POLL_S = 0.1


@contextmanager
def opened(home: Path) -> Iterator[Reader]:
    """The home's store. Raises StoreUnusable, HomeUnusable."""
    try:
        with readable():
            reader = current(store_path(home))
    except OSError as error:
        raise HomeUnusable(f"{home} cannot be read: {error.strerror}; name another with --home") from None
    try:
        with readable():
            yield reader
    except apsw.BusyError:
        raise StoreUnusable("the store was busy for too long; try again") from None
    finally:
        reader.close()


def current(store: Path) -> Reader:
    """A reader of the store; one of an earlier schema is brought forward first, if nobody writes it.

    Raises StoreOutdated if somebody does.
    """
    try:
        return Reader(store)
    except StoreOutdated as old:
        try:
            open_writer(store).close()
        except StoreLocked:
            pid = holder(store)
            who = "another process" if pid is None else f"process {pid}"
            raise StoreOutdated(f"{old}: now {who} does; let it finish or end it, then try again") from None
        return Reader(store)

"""The SQLite store's writer."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path

import apsw

from actors.stores import aging, opening, refusals
from actors.stores.writer import Writer


class SqliteStore(Writer):
    """The tables in a file, which nobody else writes meanwhile."""

    def __init__(self, path: Path, clock: Callable[[], float] = time.time) -> None:
        super().__init__(clock)
        self.path = path
        self._lock = opening.lock(path)
        try:
            self.db: apsw.Connection = opening.connect(path)
        except BaseException:
            os.close(self._lock)
            raise
        try:
            with refusals.told(path):
                self._begin_anew()
                with suppress(apsw.FullError):
                    aging.forget(self.db, clock())  # and who may not write is told now
        except BaseException:
            self.close()
            raise
        self.db.set_wal_hook(self._note_log)

    def _note_log(self, _db: apsw.Connection, _name: str, pages: int) -> int:
        self.log_pages = pages
        return apsw.SQLITE_OK

    def close(self) -> None:
        """Close the file and let another writer in."""
        self.db.close()
        os.close(self._lock)

    def told(self) -> AbstractContextManager[None]:
        """See Writer."""
        return refusals.told(self.path)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        before = self._seq
        try:
            self.db.execute("begin immediate")
            yield
            self.db.execute("commit")
        except BaseException as error:
            self._doubt(before)
            if self.db.in_transaction:  # a full disk has rolled back by itself
                self.db.execute("rollback")
            if isinstance(error, apsw.Error):
                raise refusals.refusal(self.path, error) from None
            raise


def checkpoint(path: Path) -> None:
    """Move what is committed into the file, as far as no reader is in the way; writers are not held up."""
    try:
        db = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
    except apsw.Error:
        return
    try:
        db.pragma("schema_version")  # a connection that has read nothing does not know that there is a log
        db.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
    except apsw.Error:
        pass  # the next one does it; what is wrong the writer will be told
    finally:
        db.close()

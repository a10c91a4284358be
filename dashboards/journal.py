"""The journal behind the page: one thread reads the file and keeps the board, however many people look."""

import asyncio
import logging
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import apsw

from actors.errors import StoreUnusable
from actors.stores.reader import Reader
from dashboards.board import PAGE, Board
from dashboards.ring import Batch, Ring
from dashboards.run_reading import readable

POLL_S = 0.15
"""An event is on its way to the readers after so long on average."""

AGAIN_S = 1.0
"""A file that cannot be read is tried again so far apart."""

T = TypeVar("T")

log = logging.getLogger(__name__)


class Journal:
    """What a store's file says, live. The file may be missing, come later, or be replaced by another."""

    def __init__(self, store: Path, alive: Callable[[], bool]) -> None:
        self._store, self._alive = store, alive
        self._thread = ThreadPoolExecutor(1, "journal")
        self._reader: Reader | None = None
        self._board: Board | None = None
        self._file: tuple[int, int] | None = None
        self.ring = Ring()
        self.edition = 0
        """Another one whenever what was told does not follow from what was told before."""
        self.problem: str | None = "the journal was not read yet"
        """Why the file cannot be read just now."""

    async def follow(self) -> None:
        """Until cancelled: tell readers what is new."""
        told = 0
        while True:
            try:
                batch = await self._do(self._look)
                self.problem = None
            except (StoreUnusable, OSError, apsw.BusyError) as error:
                if self.problem != str(error):
                    log.warning("the journal cannot be read: %s", error)
                self.problem = str(error)
                await asyncio.sleep(AGAIN_S)
                continue
            if batch:
                self.ring.put(batch)
            if told != self.edition:
                told = self.edition
                self.ring.wake()
            if batch is None or len(batch.frames) < PAGE:
                await asyncio.sleep(POLL_S)

    async def ask(self, question: Callable[[Board, Reader], T]) -> T:
        """An answer from the board, between two looks. Raises StoreUnusable, and what the question raises."""
        try:
            return await self._do(lambda: self._answer(question))
        except apsw.BusyError:
            raise StoreUnusable("the store is busy; ask again") from None
        except OSError as error:
            raise StoreUnusable(f"the store cannot be read: {error.strerror}") from None

    async def close(self) -> None:
        """Close the file."""
        await self._do(self._shut)
        self._thread.shutdown()

    def _look(self) -> Batch | None:
        board, _ = self._opened()
        with readable():
            return board.look()

    def _answer(self, question: Callable[[Board, Reader], T]) -> T:
        board, reader = self._opened()
        with readable():
            return question(board, reader)

    def _opened(self) -> tuple[Board, Reader]:
        if self._file and self._file != _identity(self._store):
            self._shut()
        if self._board is None or self._reader is None:
            file = _identity(self._store)
            with readable():
                self._reader = Reader(self._store)
                self._board = Board(self._reader, self._alive)
            self._file = file
            self.edition += 1
        return self._board, self._reader

    def _shut(self) -> None:
        if self._reader:
            self._reader.close()
        self._reader = self._board = self._file = None

    async def _do(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)


def _identity(path: Path) -> tuple[int, int] | None:
    """Of the file; None if there is none."""
    try:
        told = os.stat(path)  # noqa: PTH116
    except FileNotFoundError:
        return None
    return told.st_dev, told.st_ino

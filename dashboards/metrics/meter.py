"""Counts the journal beside the page and answers scrapes, in the thread that reads the journal."""

import asyncio
import logging
import time
from collections.abc import Callable
from pathlib import Path

from actors.errors import StoreUnusable
from actors.stores import commits
from actors.stores.protocol import RunRecord
from actors.stores.reader import Reader
from dashboards.board import Board
from dashboards.journal import Journal
from dashboards.metrics import snapshot
from dashboards.metrics.exposition import Histograms, expose
from dashboards.metrics.fold import Fold
from dashboards.metrics.present import present

EVERY_S = 5.0
"""The journal is counted so often, whether somebody asks or not."""

KEPT_S = 30.0
"""A snapshot is at most so old; what came after it is counted again from the journal."""

COMMITS = "mnemosyne_store_commit_duration_seconds"

FIRST = "the journal is counted for the first time; ask again"

log = logging.getLogger(__name__)


class Meter:
    """The counters of a store."""

    def __init__(self, store: Path, journal: Journal, driven: Callable[[RunRecord], bool]) -> None:
        self._store, self._journal, self._driven = store, journal, driven
        self._reader: Reader | None = None
        self._fold = Fold()
        self._kept, self._kept_at = 0, 0.0

    async def follow(self) -> None:
        """Until cancelled: count what is new."""
        while True:
            try:
                more = await self._journal.ask(self._count)
            except StoreUnusable as error:
                log.info("nothing is counted: %s", error)
                more = False
            await asyncio.sleep(0 if more else EVERY_S)

    async def scrape(self, accept: str) -> tuple[bytes, str]:
        """Body and content type.

        Raises StoreUnusable while the journal cannot be read, and until its end is reached for the first time: totals
        that still grow would look like work that is done just now.
        """
        if await self._journal.ask(self._count):
            raise StoreUnusable(FIRST)
        return await self._journal.ask(lambda board, reader: self._told(board, reader, accept))

    async def close(self) -> None:
        """Keep what was counted."""
        await asyncio.to_thread(self._keep)

    def _count(self, _board: Board, reader: Reader) -> bool:
        """The next rows; whether there are more."""
        if self._reader is not reader:  # another file, perhaps of another journal
            self._fold = snapshot.load(snapshot.path_of(self._store), reader.db)
            self._reader, self._kept = reader, self._fold.seq
        more = snapshot.read(self._fold, reader)
        if time.monotonic() - self._kept_at > KEPT_S:
            self._keep()
        return more

    def _told(self, board: Board, reader: Reader, accept: str) -> tuple[bytes, str]:
        gauges = list(present(board, self._fold.models, self._driven, self._store))
        taken = commits.read(reader.db)
        read: Histograms = {COMMITS: {(): (*taken.counts, taken.seconds)}}
        return expose(self._fold.totals, gauges, self._fold.models.names, accept, read)

    def _keep(self) -> None:
        if self._fold.seq != self._kept:
            snapshot.save(snapshot.path_of(self._store), self._fold)
            self._kept, self._kept_at = self._fold.seq, time.monotonic()

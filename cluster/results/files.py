"""Results as files: <home>/runs/<run>/<item id>.md or .json. A view of the journal; written again it is the same."""

import asyncio
import shutil
from contextlib import suppress
from pathlib import Path

import apsw

from actors.errors import PayloadMissing, StoreError
from actors.events import Event, completed
from actors.stores.reader import Reader

NAMED = 3
"""Items in a message at most."""


def folder_of(home: Path, run: str) -> Path:
    """Where the results of a run lie."""
    return home / "runs" / run


def remove_folder(home: Path, run: str) -> None:
    """The results of a run are gone. Raises OSError."""
    folder = folder_of(home, run)
    if run and folder.name == run and folder.is_dir() and not folder.is_symlink():
        shutil.rmtree(folder)


class ResultFiles:
    """Follows one run's journal and writes each result once it is on disk in the store."""

    POLL_S = 0.2

    def __init__(self, reader: Reader, run: str, home: Path) -> None:
        self._reader, self._run, self._cursor = reader, run, 0
        self._missing: list[str] = []
        """Items whose results the store has lost."""
        self.folder = folder_of(home, run)

    async def follow(self) -> None:
        """Write results as they come, until cancelled."""
        while True:
            with suppress(OSError, apsw.Error, StoreError):  # a full disk holds up the files, not the run
                self.catch_up()
            await asyncio.sleep(self.POLL_S)

    def catch_up(self) -> None:
        """Write every result that is in the journal by now. Raises PayloadMissing, after all that can be written."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for event in self._reader.events(self._run, self._cursor):
            self._take(event)
            self._cursor = event.seq
        if self._missing:
            more = f" and {len(self._missing) - NAMED} more" if len(self._missing) > NAMED else ""
            raise PayloadMissing(
                f"there is no file of the results of {', '.join(self._missing[:NAMED])}{more}: the store misses them; "
                "restore it from a backup, then `mnemosyne resume` writes them"
            )

    def _take(self, event: Event) -> None:
        if done := completed(event):
            item, result = done
            data = result.data
            try:
                text = data.text if data.ref is None else self._reader.payloads([data.ref])[data.ref]
            except PayloadMissing:
                self._missing.append(item)
                return
            suffix = "json" if result.json_data else "md"
            _write(self.folder / f"{item}.{suffix}", f"{text}\n")


def _write(path: Path, text: str) -> None:
    """Whole or not at all."""
    new = path.with_name(f".{path.name}.new")
    new.touch(mode=0o600)
    new.write_text(text, encoding="utf-8")
    new.replace(path)

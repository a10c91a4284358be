"""What was counted, on disk: counters go on from it when the exporter begins anew, and when rows are pruned."""

import json
import logging
import os
import secrets
from pathlib import Path

from pydantic import ValidationError

from actors.stores import queries
from actors.stores.database import Db
from actors.stores.reader import Reader
from dashboards.metrics.fold import VERSION, Fold, State
from dashboards.run_reading import readable

NAME = "metrics.json"

PAGE = 2000
"""Rows read at once."""

log = logging.getLogger(__name__)


def path_of(store: Path) -> Path:
    """The snapshot beside this store."""
    return store.with_name(NAME)


def load(path: Path, db: Db) -> Fold:
    """The fold as it was kept, if it is one of this journal; else one that begins with the journal's first row."""
    try:
        told = json.loads(path.read_bytes())
        if told["version"] != VERSION:
            return Fold()
        fold = Fold(State.model_validate(told["state"]))
        fold.totals.load(told["totals"])
    except FileNotFoundError:
        return Fold()
    except (OSError, ValueError, KeyError, TypeError, AttributeError, ValidationError) as error:
        log.warning("%s cannot be used, the journal is counted anew: %s", path, error)
        return Fold()
    return fold if _is_of(fold, db) else Fold()


def _is_of(fold: Fold, db: Db) -> bool:
    """Whether the journal has the fold's last row, or had it before it was pruned."""
    at = queries.one(db, "select at from events where seq = ?", fold.seq)
    return fold.seq <= queries.highest(db)[0] if at is None else bool(at == fold.at)


def save(path: Path, fold: Fold) -> None:
    """Replace the file, whole or not at all; a full disk or a lost one is only logged: rows are counted again."""
    told = {"version": VERSION, "state": fold.state.model_dump(mode="json"), "totals": fold.totals.to_json()}
    new = path.with_name(f".{NAME}-{secrets.token_hex(4)}")
    try:
        opened = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(opened, "w", encoding="utf-8") as file:
            json.dump(told, file, separators=(",", ":"))
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
    except OSError as error:
        log.warning("%s cannot be written: %s", path, error)
        new.unlink(missing_ok=True)


def read(fold: Fold, reader: Reader) -> bool:
    """Count the next rows; whether there may be more. Raises StoreUnusable, apsw.BusyError."""
    with readable():
        events = reader.events_of_all(fold.seq, PAGE)
    for event in events:
        fold.apply(event)
    return len(events) == PAGE


def bring_up(store: Path) -> None:
    """Count every row and keep it, before some are deleted. Raises StoreUnusable."""
    reader = Reader(store)
    try:
        fold = load(path_of(store), reader.db)
        while read(fold, reader):
            pass
        save(path_of(store), fold)
    finally:
        reader.close()

"""How many commits a store made, and how long they took: kept in the store, so that a new writer goes on with them."""

from bisect import bisect_left
from typing import NamedTuple

from actors.stores.database import Db

BOUNDS_S = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 5.0)
"""Upper ends of the classes; one more has what took longer."""

KEPT_S = 1.0
"""They are written so often at most, with the next commit."""

ADD = "insert into marks values(?, ?) on conflict(name) do update set value = marks.value + excluded.value"
READ = "select name, value from marks where substr(name, 1, 8) = 'commits '"
SUM = "commits us"


class Taken(NamedTuple):
    """What commits took."""

    counts: tuple[int, ...]
    """By class."""
    seconds: float


class Commits:
    """Of one writer."""

    def __init__(self) -> None:
        self._counts = [0] * (len(BOUNDS_S) + 1)
        self._seconds = self._kept_at = 0.0

    def took(self, seconds: float) -> None:
        """A commit, from its begin to the disk's word."""
        self._counts[bisect_left(BOUNDS_S, seconds)] += 1
        self._seconds += seconds

    def keep(self, db: Db, now: float) -> None:
        """Within a transaction: add what is new to the store's. Where that is undone, some are not counted."""
        if now - self._kept_at < KEPT_S or not any(self._counts):
            return
        told = {f"commits {number}": count for number, count in enumerate(self._counts) if count}
        for name, value in {**told, SUM: round(self._seconds * 1e6)}.items():
            db.execute(ADD, (name, value))
        self._counts, self._seconds, self._kept_at = [0] * len(self._counts), 0.0, now


def read(db: Db) -> Taken:
    """Of all writers so far, but for the last second's."""
    told = {name: int(value) for name, value in db.execute(READ)}
    counts = (told.get(f"commits {number}", 0) for number in range(len(BOUNDS_S) + 1))
    return Taken(tuple(counts), told.get(SUM, 0) / 1e6)

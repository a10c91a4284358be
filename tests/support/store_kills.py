"""What has to be true of a store whose writer was killed; for the short and the long form of the proof."""

import json
import random
import shutil
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import apsw

from actors.errors import StoreUnusable
from actors.events import CancelRequested
from actors.stores.queries import one
from actors.stores.reader import Reader
from tests.support import stores
from tests.support.store_child import Server

SIGKILL = -9
ACKNOWLEDGED = 25
"""At most so many appends before a kill."""
SPIN_S = 0.004
"""At most so long after the last of them: about one commit."""
KILLS_PER_STORE = 100


class Ledger:
    """The appends of one store that were acknowledged, with their seqs."""

    def __init__(self, path: Path) -> None:
        self.path, self.acknowledged = path, dict[str, list[int]]()

    def take(self, line: str) -> None:
        """One line of a child."""
        id_, seqs = line.split(" ", 1)
        self.acknowledged[id_] = json.loads(seqs)

    def check(self) -> None:
        """Every acknowledged row is there; no append is there by halves; no seq is missing; the file is sound."""
        if not self.path.exists() and not self.acknowledged:
            return  # killed before there was a file
        try:
            reader = Reader(self.path)
        except StoreUnusable:  # before it had tables
            assert not self.acknowledged
            return
        try:
            self._rows(reader)
            assert one(reader.db, "pragma integrity_check(1)") == "ok"
        finally:
            reader.close()

    def _rows(self, reader: Reader) -> None:
        if not reader.runs():
            assert not self.acknowledged
            return
        events = reader.events("r")
        assert [event.seq for event in events] == list(range(1, len(events) + 1))
        found = defaultdict[str, list[int]](list)
        sizes = Counter[str]()
        for event in events[1:]:
            assert isinstance(event, CancelRequested)
            id_, _, size = str(event.target).split("/")
            found[id_].append(event.seq)
            sizes[id_] = int(size)
        assert {id_: len(seqs) for id_, seqs in found.items()} == sizes, "an append is there by halves"
        assert {id_: found.get(id_) for id_ in self.acknowledged} == self.acknowledged
        refs = {stores.long_text(id_)[0] for id_ in found}
        assert set(reader.payloads(refs)) == refs


def spin(seconds: float) -> None:
    """Wait without giving up the processor, for less than a sleep can."""
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        pass


def kill_often(server: Server, folder: Path, kills: int, seed: int) -> int:
    """SIGKILL the writer of a store at random moments; says how many appends were acknowledged, all of them kept."""
    rng, acknowledged, ledger = random.Random(seed), 0, Ledger(folder / "none")
    for number in range(kills):
        if number % KILLS_PER_STORE == 0:
            ledger = Ledger(folder / f"{number}.db")
        child = server.start("append", ledger.path)
        for _ in range(rng.randint(0, ACKNOWLEDGED)):
            line = child.acknowledged()
            assert line is not None, "the child ended by itself"
            ledger.take(line)
            acknowledged += 1
        spin(rng.uniform(0, SPIN_S))
        for line in child.kill():
            ledger.take(line)
            acknowledged += 1
        assert child.status == SIGKILL
        ledger.check()
    return acknowledged


def state(path: Path) -> dict[str, list[tuple[object, ...]]]:
    """Every row that a person could miss, by table."""
    db = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        tables = ("runs", "items", "attempts", "events", "payloads")
        return {table: db.execute(f"select * from {table} order by 1, 2").fetchall() for table in tables}
    finally:
        db.close()


def kill_at_every_point(server: Server, task: str, made: Path, folder: Path) -> Iterator[Path]:
    """A store for every point at which the task was killed, and last the one of the task that went to its end.

    Each is in a copy of the folder of `made`. It is up to the caller to look at it before the next.
    """
    for point in count(1):
        path = shutil.copytree(made.parent, folder / f"{point}") / made.name
        status = server.run(task, path, point)
        assert status in (0, SIGKILL), f"{task} failed at point {point}"
        yield path
        if status == 0:
            assert point > 5, "it passes more points than that"
            return

"""The SQLite store's writer: one connection, one transaction per group of appends.

Not thread-safe: actors/stores/group.py gives it the one thread that writes.
"""

import fcntl
import json
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import apsw

from actors.errors import MnemosyneError, StaleTerm, StoreLocked, StoreUnusable, UserError
from actors.events import FLEET, AgentStarted, Event, Row, RunAccepted, to_row
from actors.stores import queries
from actors.stores.protocol import Accept, RunRecord
from actors.stores.schema import APPLICATION_ID, PRAGMAS, TABLES, VERSION
from actors.work import Role

ASSIGN = """update attempts set epoch = ?3, open = 1
            where run = ?1 and item = ?2 and epoch = ?3 - 1 and open = 0 and done = 0"""
CLOSE = "update attempts set open = 0, done = ?4 where run = ?1 and item = ?2 and epoch = ?3 and open = 1"
END = "update attempts set done = 1 where run = ?1 and item = ?2 and open = 0 and done = 0"
IS_OPEN = "select 1 from attempts where run = ? and item = ? and epoch = ? and open = 1"


class Append(NamedTuple):
    """Rows that are written together or not at all, with an id that makes sending them again harmless."""

    id: str
    rows: Sequence[Row]
    payloads: Mapping[str, str]


Answer = tuple[int | None, ...] | MnemosyneError
"""The seqs of an append's rows (None: refused, its attempt was closed before), or why nothing of it was written."""


class SqliteStore:
    """The tables and what may happen to them. Every public method is one transaction."""

    def __init__(self, path: Path, clock: Callable[[], float] = time.time) -> None:
        self.path, self.clock = path, clock
        self._lock = _lock(path)
        try:
            self.db = apsw.Connection(str(path))
            self._open()
            self._seq: int = queries.one(self.db, "select coalesce(max(seq), 0) from events")
        except apsw.Error as error:
            os.close(self._lock)
            raise StoreUnusable(f"{path}: {error}; nothing was changed") from None
        except StoreUnusable:
            os.close(self._lock)
            raise
        self._ids: dict[str, int] = {FLEET: queries.FLEET_ID}

    def _open(self) -> None:
        for pragma in PRAGMAS:
            self.db.execute(pragma).fetchall()
        version, owner = (queries.one(self.db, f"pragma {p}") for p in ("user_version", "application_id"))
        if version == 0 and not queries.one(self.db, "select count(*) from sqlite_schema"):
            with self.db:
                self.db.execute(TABLES).fetchall()
                self.db.execute(f"pragma application_id = {APPLICATION_ID}; pragma user_version = {VERSION}").fetchall()
        elif owner != APPLICATION_ID:
            raise StoreUnusable(f"{self.path} is not a store of mnemosyne; use another home")
        elif version != VERSION:
            raise StoreUnusable(f"{self.path} has schema {version}, this version knows {VERSION}; use its own version")

    def close(self) -> None:
        """Close the file and let another writer in."""
        self.db.close()
        os.close(self._lock)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        before = self._seq
        try:
            self.db.execute("begin immediate")
            yield
            self.db.execute("commit")
        except BaseException as error:
            if self.db.in_transaction:  # a full disk has rolled back by itself
                self.db.execute("rollback")
            self._seq, self._ids = before, {FLEET: queries.FLEET_ID}
            if isinstance(error, apsw.FullError):
                raise StoreUnusable("the store's disk is full; free some space, nothing was lost") from None
            if isinstance(error, apsw.Error):
                raise StoreUnusable(f"{self.path}: {error}; nothing of this was written") from None
            raise

    def commit(self, appends: Sequence[Append]) -> list[Answer]:
        """Write a group in one transaction; one append's refusal does not touch the others."""
        with self._transaction():
            return [self._append(append) for append in appends]

    def _append(self, append: Append) -> Answer:
        known = queries.one(self.db, "select receipt from appends where id = ?", append.id)
        if known is not None:
            return tuple(json.loads(known))
        try:
            self._check_terms(append.rows)
        except MnemosyneError as refusal:
            return refusal
        self._keep(append.payloads)
        at = self.clock()
        seqs = tuple(self._row(row, at) for row in append.rows)
        self.db.execute("insert into appends values(?, ?)", (append.id, json.dumps(seqs)))
        return seqs

    def _check_terms(self, rows: Sequence[Row]) -> None:
        for run, term in {(row.run, row.term) for row in rows}:
            id_ = self._id(run)
            if not term:
                continue
            current, driver = self.db.execute("select term, driver from runs where id = ?", (id_,)).get
            if current != term:
                raise StaleTerm(f"run {run} is driven by {driver} in term {current}; term {term} is over")

    def _row(self, row: Row, at: float) -> int | None:
        run = self._id(row.run)
        if row.item and not self._swap(run, row):
            return None
        return self._insert(run, at, row.type, row.body)

    def _insert(self, run: int, at: float, type_: str, body: str) -> int:
        self._seq += 1
        self.db.execute("insert into events values(?, ?, ?, ?, ?)", (self._seq, run, at, type_, body))
        return self._seq

    def _swap(self, run: int, row: Row) -> bool:
        """Whether the row may happen to its item now; if so, it has."""
        match row.type:
            case "item_assigned":
                self.db.execute(ASSIGN, (run, row.item, row.epoch))
            case "item_closed":
                self.db.execute(CLOSE, (run, row.item, row.epoch, int(row.done)))
            case "item_failed" | "item_skipped" | "item_cancelled":
                self.db.execute(END, (run, row.item))
            case _:
                return queries.one(self.db, IS_OPEN, run, row.item, row.epoch) is not None
        return bool(self.db.changes())

    def _keep(self, payloads: Mapping[str, str]) -> None:
        self.db.executemany("insert or ignore into payloads values(?, ?)", payloads.items())

    def _id(self, run: str) -> int:
        if run not in self._ids:
            self._ids[run] = queries.run_id(self.db, run)
        return self._ids[run]

    def _record(self, event: Event) -> int:
        row = to_row(event)
        return self._insert(self._id(row.run), self.clock(), row.type, row.body)

    def accept(self, plan: Accept) -> RunRecord:
        """See Store.accept. A second accept of the same run id is the first."""
        if known := queries.by_column(self.db, "run", plan.run):
            return known
        with self._transaction():
            if plan.key is not None and (old := queries.by_column(self.db, "key", plan.key)):
                raise UserError(f"the key {plan.key!r} belongs to run {old.run}; choose another --key")
            self.db.execute(
                "insert into runs(run, key, name, digest, model, accepted_seq, items) values(?, ?, ?, ?, ?, ?, ?)",
                (plan.run, plan.key, plan.name, plan.digest, plan.model, self._seq + 1, len(plan.items)),
            )
            run = self._id(plan.run)
            bodies = (
                (run, i, item.id, item.model_dump_json(exclude_defaults=True)) for i, item in enumerate(plan.items)
            )
            self.db.executemany("insert into items values(?, ?, ?, ?)", bodies)
            self.db.executemany("insert into attempts(run, item) values(?, ?)", ((run, i.id) for i in plan.items))
            self._keep(plan.payloads)
            self._record(_accepted(plan))
        return queries.find(self.db, plan.run)

    def claim(self, run: str, driver: str) -> int:
        """See Store.claim."""
        with self._transaction():
            sql = "update runs set term = term + 1, driver = ? where id = ? returning term"
            return int(queries.one(self.db, sql, driver, self._id(run)))

    def register(self, agent: str, role: Role, pid: int, node: str) -> int:
        """See Store.register."""
        sql = """insert into agents values(?, ?, 1)
                 on conflict(agent) do update set generation = generation + 1 returning generation"""
        with self._transaction():
            generation = int(queries.one(self.db, sql, agent, role.value))
            self._record(AgentStarted(agent=agent, role=role, generation=generation, pid=pid, node=node))
        return generation


def _accepted(plan: Accept) -> RunAccepted:
    return RunAccepted(
        run=plan.run, name=plan.name, key=plan.key, items=len(plan.items), digest=plan.digest, model=plan.model
    )


def checkpoint(path: Path) -> None:
    """Move what is committed into the file, as far as no reader is in the way; writers are not held up."""
    db = apsw.Connection(str(path))
    try:
        db.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
    except apsw.BusyError:
        pass  # the next one does it
    finally:
        db.close()


def _lock(path: Path) -> int:
    lock = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(lock)
        raise StoreLocked(f"{path}: another process writes to this store; end it or use another home") from None
    return lock

"""A store's writer: one connection, one transaction per group of appends; what every kind of database has in common.

Not thread-safe: actors/stores/group.py gives it the one thread that writes.
"""

import json
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, NamedTuple

import apsw

from actors.errors import MnemosyneError, StaleTerm, StoreError
from actors.events import FLEET, AgentStarted, CancelRequested, Event
from actors.journal.recorded import ENDS
from actors.journal.rows import Row, to_row
from actors.stores import acceptance, aging, memories, queries
from actors.stores.commits import Commits
from actors.stores.database import Db
from actors.stores.fleet_budget import FleetBudget
from actors.stores.protocol import UNAFFORDABLE, Accept, RunRecord, Stated, stated
from actors.work import Role

ASSIGN = """update attempts set epoch = ?3, open = 1
            where run = ?1 and item = ?2 and epoch = ?3 - 1 and open = 0 and done = 0"""
CLOSE = "update attempts set open = 0, done = ?4 where run = ?1 and item = ?2 and epoch = ?3 and open = 1"
END = "update attempts set done = 1 where run = ?1 and item = ?2 and open = 0 and done = 0"
REMEMBERED = frozenset({"memory_stored", "memory_forgotten"})
INSERT = "insert into events values(?, ?, ?, ?, ?)"
REGISTER = """insert into agents values(?, ?, 1)
              on conflict(agent) do update set generation = agents.generation + 1 returning generation"""
IS_OPEN = "select 1 from attempts where run = ? and item = ? and epoch = ? and open = 1"
IS_IDLE = "select 1 from attempts where run = ? and item = ? and epoch = ? and open = 0 and done = 0"


class Append(NamedTuple):
    """Rows that are written together or not at all, with an id that makes sending them again harmless."""

    id: str
    rows: Sequence[Row]
    payloads: Mapping[str, str]


Answer = tuple[int | None, ...] | MnemosyneError
"""The seqs of an append's rows (see Receipt), or why nothing of it was written."""


class Writer(ABC):
    """The tables and what may happen to them. Every public method is one transaction."""

    db: Db
    log_pages = 0
    """Of a write-ahead log that group commits have to keep short, after the last commit."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.clock = clock
        self._seq = 0
        self._ids: dict[str, int] = {}
        self._forget_at = 0.0
        self._fleet, self._commits = FleetBudget(), Commits()

    def _begin_anew(self) -> None:
        """What is known of the tables is what is in them."""
        self._doubt(queries.highest(self.db)[0])

    def _doubt(self, seq: int) -> None:
        """Nothing but the last seq is known of the tables."""
        self._seq = seq
        self._ids.clear()
        self._fleet.doubt()

    @property
    def has_old(self) -> bool:
        """Whether it is time to look for what may be forgotten."""
        return self.clock() >= self._forget_at

    def forget(self) -> None:
        """Delete some of what is too old to be of use; a full disk keeps it."""
        try:
            more = aging.forget(self.db, self.clock())
        except (apsw.Error, StoreError):  # the next commit is told what is wrong
            more = False
        if not more:
            self._forget_at = self.clock() + aging.EVERY_S

    def index(self) -> bool:
        """Let some memories be found that could not be yet; whether there may be more. A full disk keeps it."""
        try:
            return memories.index(self.db)
        except (apsw.Error, StoreError):  # the next commit is told what is wrong
            return False

    @abstractmethod
    def close(self) -> None:
        """Let another writer in."""

    @abstractmethod
    def told(self) -> AbstractContextManager[None]:
        """Turns what the database and the disk may say into StoreUnusable."""

    @abstractmethod
    def _transaction(self) -> AbstractContextManager[None]:
        """All or nothing. Raises StoreUnusable."""

    def commit(self, appends: Sequence[Append]) -> list[Answer]:
        """Write a group in one transaction; one append's refusal does not touch the others."""
        begin = time.perf_counter()
        with self._transaction():
            self._commits.keep(self.db, self.clock())
            answers = [self._append(append) for append in appends]
        self._commits.took(time.perf_counter() - begin)
        return answers

    def _append(self, append: Append) -> Answer:
        if (known := self._receipt(append.id)) is not None:
            return known
        try:
            self._check_terms(append.rows)
        except MnemosyneError as refusal:
            return refusal
        self._keep(append.payloads)
        seqs = self._write(append.rows)
        self._give_receipt(append.id, seqs)
        return seqs

    def _receipt(self, id_: str) -> tuple[Any, ...] | None:
        known = queries.one(self.db, "select receipt from appends where id = ?", id_)
        return None if known is None else tuple(json.loads(known))

    def _give_receipt(self, id_: str, numbers: Sequence[int | None]) -> None:
        self.db.execute("insert into appends values(?, ?, ?)", (id_, json.dumps(numbers), self.clock()))

    def _check_terms(self, rows: Sequence[Row]) -> None:
        for run, term in {(row.run, row.term) for row in rows}:
            id_ = self._id(run)
            if term:
                self._check_term(id_, run, term)

    def _check_term(self, id_: int, run: str, term: int) -> None:
        current, driver = self.db.execute("select term, driver from runs where id = ?", (id_,)).fetchone()
        if current != term:
            raise StaleTerm(f"run {run} is driven by {driver} in term {current}; term {term} is over")

    def _write(self, rows: Sequence[Row]) -> tuple[int | None, ...]:
        """The rows that may happen now are in the journal; their seqs, None for the others."""
        at, seqs, new = self.clock(), list[int | None](), list[tuple[int, int, float, str, str]]()
        for row in rows:
            run = self._id(row.run)
            if row.type == "item_assigned" and self._fleet.refuses(self.db, row):
                seqs.append(UNAFFORDABLE)
                continue
            if row.item and not self._swap(run, row):
                seqs.append(None)
                continue
            self._fleet.note(self.db, run, row)
            self._seq += 1
            seqs.append(self._seq)
            new.append((self._seq, run, at, row.type, row.body))
        self.db.executemany(INSERT, new)
        for seq, _, _, type_, body in new:
            if type_ in REMEMBERED:
                memories.take_now(self.db, seq, at, body)
        return tuple(seqs)

    def _swap(self, run: int, row: Row) -> bool:
        """Whether the row may happen to its item now; if so, it has."""
        match row.type:
            case "item_assigned":
                self.db.execute(ASSIGN, (run, row.item, row.epoch))
            case "item_closed":
                self.db.execute(CLOSE, (run, row.item, row.epoch, int(row.done)))
            case type_ if type_ in ENDS:
                self.db.execute(END, (run, row.item))
            case "items_added":
                return row.term > 0 and acceptance.grow(self.db, run, row)  # without a term it is an acceptance's
            case "approval_requested":
                return queries.one(self.db, IS_IDLE, run, row.item, row.epoch) is not None
            case _:
                return queries.one(self.db, IS_OPEN, run, row.item, row.epoch) is not None
        return bool(self.db.changes())

    def _keep(self, payloads: Mapping[str, str]) -> None:
        self.db.executemany("insert into payloads values(?, ?) on conflict do nothing", payloads.items())

    def _id(self, run: str) -> int:
        if run == FLEET:
            return queries.FLEET_ID
        if run not in self._ids:
            run = queries.find(self.db, run).run  # a key may be another run's the next time
            self._ids[run] = queries.run_id(self.db, run)
        return self._ids[run]

    def _record(self, event: Event) -> int:
        row = to_row(event)
        self._seq += 1
        self.db.execute(INSERT, (self._seq, self._id(row.run), self.clock(), row.type, row.body))
        return self._seq

    def accept(self, plan: Accept, items: Sequence[Stated] | None = None) -> RunRecord:
        """See Store.accept. A second accept of the same run id is the first. `items`: the plan's, if it has none."""
        items = stated(plan.items) if items is None else items
        with self._transaction():
            if known := acceptance.same(self.db, plan):
                return known
            old = acceptance.revised(self.db, plan)
            plan = plan if old is None else plan._replace(key=plan.key or old.key, revises=old.run)
            acceptance.insert(self.db, plan, items, self._seq + 1)
            self._keep(plan.payloads)
            self._record(acceptance.event(plan, len(items)))
            acceptance.take_over(self.db, plan, self._id(plan.run))
            for reused in plan.reused:
                self._record(reused)
            if old and not acceptance.is_finished(self.db, self._id(old.run)):
                self._record(CancelRequested(run=old.run))
            return queries.find(self.db, plan.run)

    def claim(self, claim: str, run: str, driver: str, seen: int | None) -> int:
        """See Store.claim; the same claim, by its id, gets the same term again."""
        with self._transaction():
            if known := self._receipt(claim):
                return int(known[0])
            id_ = self._id(run)
            if seen is not None:
                self._check_term(id_, run, seen)
            sql = "update runs set term = term + 1, driver = ? where id = ? returning term"
            term = int(queries.one(self.db, sql, driver, id_))
            self._give_receipt(claim, (term,))
            return term

    def register(self, agent: str, role: Role, pid: int, node: str, once: str | None = None) -> int:
        """See Store.register; with an id of its own it gets the same generation when it is sent again."""
        with self._transaction():
            if once and (known := self._receipt(once)):
                return int(known[0])
            generation = int(queries.one(self.db, REGISTER, agent, role.value))
            self._record(AgentStarted(agent=agent, role=role, generation=generation, pid=pid, node=node))
            if once:
                self._give_receipt(once, (generation,))
        return generation

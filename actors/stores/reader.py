"""Reading a store beside its writer, or with no process alive."""

from collections.abc import Collection
from pathlib import Path
from typing import NamedTuple

from pydantic_core import to_json

from actors.errors import PayloadMissing
from actors.events import FLEET, Event
from actors.journal.rows import from_rows
from actors.memory.memory import Memory
from actors.memory.recall import Question, Recalled
from actors.spending.account import Account
from actors.stores import fleet_budget, kinds, memories, queries
from actors.stores.protocol import RunRecord
from actors.work import Item, items_from


class Looked(NamedTuple):
    """A question that found nothing."""

    after: int
    upto: int
    """The last event that was looked at."""


class Reader:
    """A read-only view; each call sees everything that was committed before it."""

    def __init__(self, path: Path) -> None:
        self._ids: dict[str, int] = {FLEET: queries.FLEET_ID}
        self._looked: dict[tuple[str, ...], Looked] = {}
        self.db = kinds.open_reading(path)

    def close(self) -> None:
        """Let go of the store."""
        self.db.close()

    def runs(self) -> list[RunRecord]:
        """Every run, oldest first."""
        return queries.runs(self.db)

    def run(self, name: str) -> RunRecord:
        """The run with this id or key. Raises NotFound."""
        return queries.find(self.db, name)

    def item_bodies(self, run: str) -> list[str]:
        """The accepted items in the plan's order, as JSON."""
        sql = "select body from items where run = ? order by position"
        return [row[0] for row in self.db.execute(sql, (queries.run_id(self.db, run),))]

    def items(self, run: str) -> tuple[Item, ...]:
        """The accepted items in the plan's order."""
        return items_from(self.item_bodies(run))

    def rows(self, run: str | None, after: int, exclude: Collection[str], limit: int) -> list[tuple[int, float, str]]:
        """(seq, at, body) with seq > after, oldest first; see Store.read."""
        if run is None:
            return self._rows_of_all(after, tuple(exclude), limit)
        if run not in self._ids:
            run = self.run(run).run  # a key may be another run's the next time
            self._ids[run] = queries.run_id(self.db, run)
        return queries.events(self.db, self._ids[run], after, exclude, limit)

    def _rows_of_all(self, after: int, exclude: tuple[str, ...], limit: int) -> list[tuple[int, float, str]]:
        """Whoever leaves out most events asks often and finds little: goes on from where it found nothing."""
        looked = self._looked.pop(exclude, None)
        begin = looked.upto if looked and looked.after == after else after
        upto = queries.last_seq(self.db)  # before the look: what is committed in between is looked at next time
        rows = queries.all_events(self.db, begin, exclude, limit)
        if not rows:
            self._looked[exclude] = Looked(after, max(begin, upto))
        return rows

    def events(self, run: str, after: int = 0, exclude: Collection[str] = (), limit: int = 10_000_000) -> list[Event]:
        """The same as events."""
        return from_rows(self.rows(run, after, exclude, limit))

    def events_of_all(self, after: int, limit: int) -> list[Event]:
        """Events of every run and of the fleet with seq > after, oldest first."""
        return from_rows(queries.all_events(self.db, after, (), limit))

    def newest(self, run: str | None, upto: int, limit: int) -> list[Event]:
        """The latest events of the run, or of all runs, and of the fleet but its signs of life, oldest first."""
        id_ = None if run is None else queries.run_id(self.db, run)
        return from_rows(reversed(queries.newest(self.db, id_, upto, limit)))

    def newest_of(self, run: str, type_: str) -> Event | None:
        """The latest event of this type that is the run's own."""
        return next(iter(from_rows(queries.newest_of(self.db, queries.run_id(self.db, run), type_))), None)

    def item_events(self, run: str, item: str) -> list[Event]:
        """The events of one item, oldest first."""
        mark = f'"item":{to_json(item).decode()}'
        found = from_rows(queries.item_events(self.db, queries.run_id(self.db, run), mark))
        return [event for event in found if event.__dict__.get("item") == item]

    def fleet(self) -> list[Event]:
        """What the newest fleet did, and its agents with items of any run, oldest first."""
        return from_rows(queries.fleet(self.db))

    def account(self) -> Account | None:
        """What the fleet's budget has left; None if it has none."""
        return fleet_budget.account(self.db)

    def recall(self, question: Question, now: float) -> list[Recalled]:
        """See Store.recall; among the memories that are indexed."""
        return memories.recall(self.db, question, now)

    def memory(self, id_: str) -> Memory | None:
        """The memory with this id, if it is indexed and was not forgotten."""
        return memories.get(self.db, id_)

    def is_indexed(self, upto: int) -> bool:
        """Whether every memory of the journal up to this event can be found."""
        return memories.indexed(self.db) >= upto

    def newest_memory(self) -> int:
        """The last event that may be a memory."""
        return memories.newest(self.db)

    def payloads(self, refs: Collection[str]) -> dict[str, str]:
        """Texts by hash. Raises PayloadMissing."""
        found = {ref: queries.one(self.db, "select text from payloads where hash = ?", ref) for ref in refs}
        if missing := [ref for ref, text in found.items() if text is None]:
            raise PayloadMissing(f"the store misses {len(missing)} payloads, the first is {missing[0]}")
        return found

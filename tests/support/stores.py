"""Stores for tests: runs that ended long ago, a run half done, and a store as schema 1 left it."""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import apsw

from actors.events import (
    CancelRequested,
    Event,
    ItemAssigned,
    ItemClosed,
    ItemReused,
    ItemsAdded,
    RunFinished,
    RunStarted,
)
from actors.journal.rows import to_row
from actors.stores.protocol import Accept, TakenOver
from actors.stores.sqlite import SqliteStore
from actors.stores.writer import Append
from actors.work import Content, Item, Result, RunStatus

LONG_AGO = 1_000_000.0
"""Unix seconds."""


def long_text(name: str) -> tuple[str, str]:
    """A text that is stored by reference, and its hash."""
    text = f"{name} " * 1000
    return hashlib.sha256(text.encode()).hexdigest(), text


def plan(run: str, key: str | None = None, digest: str = "digest", name: str = "plan") -> Accept:
    """Two items, b after a; a has the text "input" as an input."""
    ref, text = long_text("input")
    items = (
        Item(id="a", description="first", inputs={"report": Content(ref=ref)}),
        Item(id="b", description="second", dependencies=("a",)),
    )
    return Accept(run, key, name, digest, "scripted", items, {ref: text})


def result(run: str) -> tuple[Result, dict[str, str]]:
    """A long result, the run's own, with its payload."""
    ref, text = long_text(f"result of {run}")
    return Result(data=Content(ref=ref), model="scripted"), {ref: text}


def reused(run: str, origin: str, item: str = "a") -> ItemReused:
    """The item's result of another run, taken over."""
    return ItemReused(run=run, item=item, origin=origin, outcome=result(origin)[0])


def grown(run: str, origin: str) -> tuple[TakenOver, ...]:
    """What the item b had grown by in another run, the first of it complete."""
    items = tuple(Item(id=f"b[{n}]", description="an entry", parent="b") for n in range(2))
    return ItemsAdded(run=run, item="b", items=items, term=0), reused(run, origin, "b[0]")


def worked(run: str, item: str, outcome: Result) -> list[Event]:
    """The item's first and only attempt."""
    return [
        ItemAssigned(run=run, item=item, epoch=1, attempt=1, agent="executor-0", model="scripted", term=1),
        ItemClosed(run=run, item=item, epoch=1, attempt=1, agent="executor-0", generation=1, outcome=outcome),
    ]


@contextmanager
def writer(path: Path, at: float = LONG_AGO) -> Iterator[SqliteStore]:
    """The store's writer at a time that stands still."""
    store = SqliteStore(path, clock=lambda: at)
    try:
        yield store
    finally:
        store.close()


def begin(store: SqliteStore, run: str, key: str | None = None) -> None:
    """A run whose first item is complete."""
    store.accept(plan(run, key))
    store.claim(f"{run}-claim", run, "driver", None)
    outcome, payloads = result(run)
    events: list[Event] = [RunStarted(run=run, term=1, driver="driver"), *worked(run, "a", outcome)]
    store.commit([Append(f"{run}-begin", [to_row(event) for event in events], payloads)])


def finish(store: SqliteStore, run: str) -> None:
    """Its second item too, and its end."""
    short = Result(data=Content(text="42"), model="scripted")
    end = RunFinished(run=run, term=1, status=RunStatus.COMPLETED, counts={"complete": 2, "failed": 0})
    store.commit([Append(f"{run}-end", [to_row(event) for event in [*worked(run, "b", short), end]], {})])


def make(path: Path) -> None:
    """Two runs that ended long ago, old-1 and old-2 (key monday), and half, which took over from old-2 and goes on."""
    with writer(path) as store:
        for run, key in (("old-1", None), ("old-2", "monday")):
            begin(store, run, key)
            finish(store, run)
        store.accept(plan("half", digest="other")._replace(revises="old-2", reused=(reused("half", "old-2"),)))


def wish(run: str, target: str) -> CancelRequested:
    """An event that any append may hold."""
    return CancelRequested(run=run, target=target)


SCHEMA_1 = """
create table runs(
  id integer primary key, run text not null unique, key text unique, name text not null, digest text not null,
  model text not null, term integer not null default 0, driver text, accepted_seq integer not null,
  items integer not null
) strict;
create table items(
  run integer not null references runs(id), position integer not null, item text not null, body text not null,
  primary key(run, position)
) strict, without rowid;
create table attempts(
  run integer not null references runs(id), item text not null, epoch integer not null default 0,
  open integer not null default 0, done integer not null default 0, primary key(run, item)
) strict, without rowid;
create table events(
  seq integer primary key, run integer not null, at real not null, type text not null, body text not null
) strict;
create index events_by_run on events(run, seq);
create table payloads(hash text primary key, text text not null) strict, without rowid;
create table appends(id text primary key, receipt text not null) strict, without rowid;
create table agents(
  agent text primary key, role text not null, generation integer not null
) strict, without rowid;
pragma application_id = 1835951469;
pragma user_version = 1;
"""
_RESULT_1 = {"kind": "result", "data": {"text": "42", "ref": None}, "json_data": False, "model": "scripted"}


def make_1(path: Path) -> None:
    """A store as schema 1 left it: run "ended" with key "monday", and run "open", whose item a is under way."""
    db = apsw.Connection(str(path))
    db.execute("pragma journal_mode = wal").fetchall()
    db.execute(SCHEMA_1).fetchall()
    with db:
        for id_, (run, key) in enumerate((("ended", "monday"), ("open", None)), 1):
            db.execute(
                "insert into runs values(?, ?, ?, 'plan', 'digest', 'scripted', 1, 'driver', ?, 1)",
                (id_, run, key, 5 * id_ - 4),
            )
            db.execute("insert into items values(?, 0, 'a', ?)", (id_, '{"id":"a","description":"first"}'))
            db.execute("insert into attempts values(?, 'a', 1, ?, ?)", (id_, id_ - 1, 2 - id_))
        for seq, (id_, event) in enumerate(_events_1(), 1):
            body = json.dumps(event, separators=(",", ":"))
            db.execute("insert into events values(?, ?, ?, ?, ?)", (seq, id_, LONG_AGO + seq, event["type"], body))
            db.execute("insert into appends values(?, ?)", (f"append-{seq}", json.dumps([seq])))
    db.close()


def _events_1() -> Iterator[tuple[int, dict[str, object]]]:
    accepted = {"type": "run_accepted", "name": "plan", "items": 1, "digest": "digest", "model": "scripted"}
    started = {"type": "run_started", "term": 1, "driver": "driver"}
    attempt = {"item": "a", "epoch": 1, "attempt": 1, "agent": "executor-0"}
    assigned = {"type": "item_assigned", **attempt, "model": "scripted", "term": 1}
    closed = {"type": "item_closed", **attempt, "generation": 1, "started": False, "outcome": _RESULT_1}
    finished = {"type": "run_finished", "term": 1, "status": "completed", "counts": {"complete": 1}}
    for event in ({**accepted, "key": "monday"}, started, assigned, closed, finished):
        yield 1, {"run": "ended", **event}
    for event in ({**accepted, "key": None}, started, assigned):
        yield 2, {"run": "open", **event}

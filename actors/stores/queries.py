"""What the writer and the readers of a SQLite store both ask."""

from collections.abc import Collection
from typing import Any

import apsw

from actors.errors import NotFound
from actors.reading import RESULT, RESULT_MARK
from actors.stores.protocol import RunRecord

RUN_COLUMNS = "run, key, name, digest, model, term, driver, accepted_seq, items, revises"
FLEET_ID = 0
HIGHEST = """select max(coalesce((select max(seq) from events), 0),
                        coalesce((select value from marks where name = 'seq'), 0)),
                    max(coalesce((select max(id) from runs), 0),
                        coalesce((select value from marks where name = 'run'), 0))"""


def one(db: apsw.Connection, sql: str, *values: Any) -> Any:
    """The first column of the first row, or None."""
    row = db.execute(sql, values).fetchone()
    return None if row is None else row[0]


def rows(db: apsw.Connection, sql: str, *values: Any) -> list[Any]:
    """All rows."""
    return db.execute(sql, values).fetchall()


def mark(db: apsw.Connection) -> None:
    """Keep the highest numbers that were given out, in the caller's transaction, before rows are deleted."""
    for name, value in zip(("seq", "run"), highest(db), strict=True):
        db.execute("insert or replace into marks values(?, ?)", (name, value))


def version(db: apsw.Connection) -> int:
    """Of the schema; 0 in a file without one."""
    return int(one(db, "pragma user_version"))


def is_empty(db: apsw.Connection) -> bool:
    """Whether there is no table yet."""
    return not one(db, "select count(*) from sqlite_schema")


def owner(db: apsw.Connection) -> int:
    """The program that the file's header names."""
    return int(one(db, "pragma application_id"))


def runs(db: apsw.Connection) -> list[RunRecord]:
    """Every run, oldest first."""
    return [RunRecord(*row) for row in db.execute(f"select {RUN_COLUMNS} from runs order by id")]  # noqa: S608


def by_column(db: apsw.Connection, column: str, value: str) -> RunRecord | None:
    """The newest run whose `run`, `key` or `revises` is this."""
    row = db.execute(f"select {RUN_COLUMNS} from runs where {column} = ? order by id desc", (value,)).fetchone()  # noqa: S608
    return None if row is None else RunRecord(*row)


def find(db: apsw.Connection, name: str) -> RunRecord:
    """The run with this id or key. Raises NotFound."""
    found = by_column(db, "run", name) or by_column(db, "key", name)
    if found is None:
        raise NotFound(f"there is no run {name!r}; `mnemosyne status` lists the runs of this home")
    return found


def run_id(db: apsw.Connection, run: str) -> int:
    """The row id of a run. Raises NotFound."""
    found = one(db, "select id from runs where run = ?", run)
    return int(found if found is not None else one(db, "select id from runs where run = ?", find(db, run).run))


def highest(db: apsw.Connection) -> tuple[int, int]:
    """The highest seq and the highest row id of a run that were ever given out."""
    ((seq, run),) = rows(db, HIGHEST)
    return seq, run


def last_seq(db: apsw.Connection) -> int:
    """The last event's; 0 if there is none."""
    return one(db, "select max(seq) from events") or 0


def _wanted(exclude: Collection[str]) -> str:
    marks = ",".join("?" * len(exclude))
    results = f" and not (type = 'item_closed' and instr(body, '{RESULT_MARK}'))" if RESULT in exclude else ""
    return f"type not in ({marks}){results}"


def events(
    db: apsw.Connection, id_: int, after: int, exclude: Collection[str], limit: int
) -> list[tuple[int, float, str]]:
    """(seq, at, body) of one run and of the fleet with seq > after, oldest first."""
    part = f"select seq, at, body from events where run = ? and seq > ? and {_wanted(exclude)}"  # noqa: S608
    if id_ == FLEET_ID:
        return rows(db, f"{part} order by seq limit ?", id_, after, *exclude, limit)
    values = (id_, after, *exclude, FLEET_ID, after, *exclude, limit)
    return rows(db, f"{part} union all {part} order by seq limit ?", *values)


def all_events(db: apsw.Connection, after: int, exclude: Collection[str], limit: int) -> list[tuple[int, float, str]]:
    """(seq, at, body) of every run and of the fleet with seq > after, oldest first."""
    sql = f"select seq, at, body from events where seq > ? and {_wanted(exclude)} order by seq limit ?"  # noqa: S608
    return rows(db, sql, after, *exclude, limit)


def newest(db: apsw.Connection, id_: int | None, upto: int, limit: int) -> list[tuple[int, float, str]]:
    """(seq, at, body) of the latest events of a run, or of all, and of the fleet but its heartbeats; newest first."""
    part = "select seq, at, body from events where {} seq <= ? and type != 'agent_heartbeat'"
    if id_ is None:
        return rows(db, f"{part.format('')} order by seq desc limit ?", upto, limit)
    one = f"select * from ({part.format('run = ? and')} order by seq desc limit ?)"  # noqa: S608
    values = (id_, upto, limit, FLEET_ID, upto, limit, limit)
    return rows(db, f"{one} union all {one} order by seq desc limit ?", *values)


def item_events(db: apsw.Connection, id_: int, item: str) -> list[tuple[int, float, str]]:
    """(seq, at, body) of the events of one item, oldest first."""
    sql = "select seq, at, body from events where run = ? and json_extract(body, '$.item') = ? order by seq"
    return rows(db, sql, id_, item)


FLEET_NOW = """
with began(seq) as (
  select coalesce(max(seq), 0) from events where run = 0 and type != 'agent_starting'
  and seq < (select max(seq) from events where run = 0 and type = 'agent_starting')
)
select seq, at, body from events where seq > (select seq from began)
and (run = 0 and type != 'agent_heartbeat' or type in ('item_started', 'item_closed')) order by seq
"""
"""What the newest fleet and its agents did: all of a fleet are asked for at once, before anything else happens."""


def fleet(db: apsw.Connection) -> list[tuple[int, float, str]]:
    """(seq, at, body) of the events of the newest fleet and of the items its agents worked on, oldest first."""
    return rows(db, FLEET_NOW)

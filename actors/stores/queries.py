"""What the writers and the readers of every store ask."""

from collections.abc import Collection
from typing import Any

from actors.errors import NotFound
from actors.journal.reading import RESULT, RESULT_MARK
from actors.stores.database import Db
from actors.stores.protocol import RunRecord

RUN_COLUMNS = "run, key, name, digest, model, term, driver, accepted_seq, items, revises"
FLEET_ID = 0
HIGHEST = """select coalesce(max(given), 0) from
             (select max({}) as given from {} union all select value from marks where name = '{}') as kept"""
MARK = "insert into marks values(?, ?) on conflict(name) do update set value = excluded.value"


def one(db: Db, sql: str, *values: Any) -> Any:
    """The first column of the first row, or None."""
    row = db.execute(sql, values).fetchone()
    return None if row is None else row[0]


def rows(db: Db, sql: str, *values: Any) -> list[Any]:
    """All rows."""
    return db.execute(sql, values).fetchall()


def mark(db: Db) -> None:
    """Keep the highest numbers that were given out, in the caller's transaction, before rows are deleted."""
    for name, value in zip(("seq", "run"), highest(db), strict=True):
        db.execute(MARK, (name, value))


def runs(db: Db) -> list[RunRecord]:
    """Every run, oldest first."""
    return [RunRecord(*row) for row in db.execute(f"select {RUN_COLUMNS} from runs order by id")]  # noqa: S608


def by_column(db: Db, column: str, value: str) -> RunRecord | None:
    """The newest run whose `run`, `key` or `revises` is this."""
    row = db.execute(f"select {RUN_COLUMNS} from runs where {column} = ? order by id desc", (value,)).fetchone()  # noqa: S608
    return None if row is None else RunRecord(*row)


def find(db: Db, name: str) -> RunRecord:
    """The run with this id or key. Raises NotFound."""
    found = by_column(db, "run", name) or by_column(db, "key", name)
    if found is None:
        raise NotFound(f"there is no run {name!r}; `mnemosyne status` lists the runs of this home")
    return found


def run_id(db: Db, run: str) -> int:
    """The row id of a run. Raises NotFound."""
    found = one(db, "select id from runs where run = ?", run)
    return int(found if found is not None else one(db, "select id from runs where run = ?", find(db, run).run))


def highest(db: Db) -> tuple[int, int]:
    """The highest seq and the highest row id of a run that were ever given out."""
    return one(db, HIGHEST.format("seq", "events", "seq")), one(db, HIGHEST.format("id", "runs", "run"))


def last_seq(db: Db) -> int:
    """The last event's; 0 if there is none."""
    return one(db, "select max(seq) from events") or 0


def _wanted(exclude: Collection[str]) -> str:
    marks = ",".join("?" * len(exclude))
    types = f" and type not in ({marks})" if exclude else ""
    results = f" and not (type = 'item_closed' and instr(body, '{RESULT_MARK}') > 0)" if RESULT in exclude else ""
    return f"{types}{results}"


def events(db: Db, id_: int, after: int, exclude: Collection[str], limit: int) -> list[tuple[int, float, str]]:
    """(seq, at, body) of one run and of the fleet with seq > after, oldest first."""
    part = f"select seq, at, body from events where run = ? and seq > ?{_wanted(exclude)}"  # noqa: S608
    if id_ == FLEET_ID:
        return rows(db, f"{part} order by seq limit ?", id_, after, *exclude, limit)
    values = (id_, after, *exclude, FLEET_ID, after, *exclude, limit)
    return rows(db, f"{part} union all {part} order by seq limit ?", *values)


def all_events(db: Db, after: int, exclude: Collection[str], limit: int) -> list[tuple[int, float, str]]:
    """(seq, at, body) of every run and of the fleet with seq > after, oldest first."""
    sql = f"select seq, at, body from events where seq > ?{_wanted(exclude)} order by seq limit ?"  # noqa: S608
    return rows(db, sql, after, *exclude, limit)


def newest(db: Db, id_: int | None, upto: int, limit: int) -> list[tuple[int, float, str]]:
    """(seq, at, body) of the latest events of a run, or of all, and of the fleet but its heartbeats; newest first."""
    part = "select seq, at, body from events where {} seq <= ? and type != 'agent_heartbeat'"
    if id_ is None:
        return rows(db, f"{part.format('')} order by seq desc limit ?", upto, limit)
    one = f"select * from ({part.format('run = ? and')} order by seq desc limit ?) as latest"  # noqa: S608
    values = (id_, upto, limit, FLEET_ID, upto, limit, limit)
    return rows(db, f"{one} union all {one} order by seq desc limit ?", *values)


def newest_of(db: Db, id_: int, type_: str) -> list[tuple[int, float, str]]:
    """(seq, at, body) of the latest event of this type that is the run's own, if there is one."""
    return rows(db, "select seq, at, body from events where run = ? and type = ? order by seq desc limit 1", id_, type_)


def item_events(db: Db, id_: int, mark: str) -> list[tuple[int, float, str]]:
    """(seq, at, body) of the events of a run with this in their JSON, oldest first."""
    return rows(db, "select seq, at, body from events where run = ? and instr(body, ?) > 0 order by seq", id_, mark)


FLEET_NOW = """
with began(seq) as (
  select coalesce(max(seq), 0) from events where run = 0 and type != 'agent_starting'
  and seq < (select max(seq) from events where run = 0 and type = 'agent_starting')
)
select seq, at, body from events where seq > (select seq from began)
and (run = 0 and type != 'agent_heartbeat' or type in ('item_started', 'item_closed')) order by seq
"""
"""What the newest fleet and its agents did: all of a fleet are asked for at once, before anything else happens."""


def fleet(db: Db) -> list[tuple[int, float, str]]:
    """(seq, at, body) of the events of the newest fleet and of the items its agents worked on, oldest first."""
    return rows(db, FLEET_NOW)

"""What the writer and the readers of a SQLite store both ask."""

from collections.abc import Collection
from typing import Any

import apsw

from actors.errors import NotFound
from actors.stores.protocol import RunRecord

RUN_COLUMNS = "run, key, name, digest, model, term, driver, accepted_seq, items"
FLEET_ID = 0


def one(db: apsw.Connection, sql: str, *values: Any) -> Any:
    """The first column of the first row, or None."""
    row = db.execute(sql, values).fetchone()
    return None if row is None else row[0]


def runs(db: apsw.Connection) -> list[RunRecord]:
    """Every run, oldest first."""
    return [RunRecord(*row) for row in db.execute(f"select {RUN_COLUMNS} from runs order by id")]  # noqa: S608


def by_column(db: apsw.Connection, column: str, value: str) -> RunRecord | None:
    """The run whose `run` or `key` is this."""
    row = db.execute(f"select {RUN_COLUMNS} from runs where {column} = ?", (value,)).fetchone()  # noqa: S608
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


def events(
    db: apsw.Connection, id_: int, after: int, exclude: Collection[str], limit: int
) -> list[tuple[int, float, str]]:
    """(seq, at, body) of one run and of the fleet with seq > after, oldest first."""
    marks = ",".join("?" * len(exclude))
    part = f"select seq, at, body from events where run = ? and seq > ? and type not in ({marks})"  # noqa: S608
    values = (id_, after, *exclude, FLEET_ID, after, *exclude, limit)
    rows: list[Any] = db.execute(f"{part} union all {part} order by seq limit ?", values).fetchall()
    return rows


FLEET_NOW = """
with began(seq) as (
  select coalesce(max(seq), 0) from events where run = 0 and type != 'agent_starting'
  and seq < (select max(seq) from events where run = 0 and type = 'agent_starting')
)
select seq, at, body from events where seq > (select seq from began)
and (run = 0 or type in ('item_started', 'item_closed')) order by seq
"""
"""What the newest fleet and its agents did: all of a fleet are asked for at once, before anything else happens."""


def fleet(db: apsw.Connection) -> list[tuple[int, float, str]]:
    """(seq, at, body) of the events of the newest fleet and of the items its agents worked on, oldest first."""
    rows: list[Any] = db.execute(FLEET_NOW).fetchall()
    return rows

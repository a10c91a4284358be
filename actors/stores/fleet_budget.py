"""The account of a fleet in its store: what all runs reserved and spent since it was given a budget.

Kept in the transactions that write the journal, so whoever is killed, and however many drivers there are, the sums are
those of the journal. Without a budget nothing of this is read or written.
"""

import json

from actors.events import ItemAssigned, ItemClosed
from actors.journal.fleet import FleetBudgetSet
from actors.journal.rows import Row
from actors.spending.account import Account, settled
from actors.stores import queries
from actors.stores.database import Db
from actors.work import Reservation

TABLES = """
create table accounts(           -- of the fleet, if it has a budget
  name text primary key,
  body text not null             -- JSON of actors.spending.account.Account
) strict, without rowid;

create table reservations(       -- what open attempts may take of it
  run integer not null,
  item text not null,
  usd real,
  tokens integer,
  primary key(run, item)
) strict, without rowid;
"""

NAME = "fleet"
READ = "select body from accounts where name = ?"
KEEP = "insert into accounts values(?, ?) on conflict(name) do update set body = excluded.body"
DROP = "delete from accounts where name = ?"
OPEN = """insert into reservations values(?, ?, ?, ?)
          on conflict(run, item) do update set usd = excluded.usd, tokens = excluded.tokens"""
FIND = "select usd, tokens from reservations where run = ? and item = ?"
CLOSE = "delete from reservations where run = ? and item = ?"


def account(db: Db) -> Account | None:
    """The fleet's; None without a budget."""
    body = queries.one(db, READ, NAME)
    return None if body is None else Account.from_json(json.loads(body))


class FleetBudget:
    """What the writer knows of it between two transactions."""

    def __init__(self) -> None:
        self._account: Account | None = None
        self._sure = False

    def doubt(self) -> None:
        """What is in the tables may be something else."""
        self._sure = False

    def refuses(self, db: Db, row: Row) -> bool:
        """Whether there is no room for the attempt that this row opens."""
        found = self._of(db)
        if found is None:
            return False
        reserved = ItemAssigned.model_validate_json(row.body).reserved
        return not found.admits(reserved)

    def note(self, db: Db, run: int, row: Row) -> None:
        """The row is written."""
        match row.type:
            case "fleet_budget_set":
                self._change(db, FleetBudgetSet.model_validate_json(row.body))
            case "item_assigned" if found := self._of(db):
                reserved = ItemAssigned.model_validate_json(row.body).reserved or Reservation()
                db.execute(OPEN, (run, row.item, reserved.usd, reserved.tokens))
                self._keep(db, found.hold(reserved))
            case "item_closed" if found := self._of(db):
                known = db.execute(FIND, (run, row.item)).fetchone()
                reserved = Reservation(usd=known[0], tokens=known[1]) if known else Reservation()
                db.execute(CLOSE, (run, row.item))
                outcome = ItemClosed.model_validate_json(row.body).outcome
                self._keep(db, found.let_go(reserved).spend(*settled(outcome, reserved)))

    def _of(self, db: Db) -> Account | None:
        if not self._sure:
            self._account, self._sure = account(db), True
        return self._account

    def _change(self, db: Db, event: FleetBudgetSet) -> None:
        self._account = changed(self._of(db), event)
        if self._account is None:
            db.execute(DROP, (NAME,))
            db.execute("delete from reservations")
        else:
            self._keep(db, self._account)

    def _keep(self, db: Db, found: Account) -> None:
        self._account = found
        db.execute(KEEP, (NAME, json.dumps(found.to_json())))


def changed(found: Account | None, event: FleetBudgetSet) -> Account | None:
    """The account from now on; attempts that are open then count once they have ended."""
    if event.budget is None:
        return None
    found = (found or Account()).capped(event.budget)
    return found._replace(spent_usd=0.0, spent_tokens=0) if event.anew else found

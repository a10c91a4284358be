"""What the store keeps for a day only: what makes an append that is sent twice be done once, and signs of life."""

from actors.stores import queries
from actors.stores.database import Db

KEPT_S = 86_400.0
"""Callers give up after minutes; a day also covers a process that was stopped or a machine that slept over night.

After that an old append can still do no harm to an attempt or a term: both have gone on since.
"""

EVERY_S = 3600.0

STEP = 5_000
"""Rows deleted in one transaction, some 10 ms: killed in between, the next step goes on."""

APPENDS = "delete from appends where id in (select id from appends where at < ? order by at limit ?)"
BEATS = """delete from events where seq in
           (select seq from events where run = 0 and at < ? and type = 'agent_heartbeat' order by seq limit ?)"""


def forget(db: Db, now: float) -> bool:
    """Delete some rows that are older than KEPT_S; whether there may be more. Raises what the database raises."""
    with db:
        queries.mark(db)  # the newest row may be among them, and no number is given out twice
        full = False
        for delete in (APPENDS, BEATS):
            db.execute(delete, (now - KEPT_S, STEP))
            full |= db.changes() == STEP
    return full

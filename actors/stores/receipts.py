"""What makes an append that is sent twice be done once; kept as long as anybody may send it again."""

import apsw

KEPT_S = 86_400.0
"""Callers give up after minutes; a day also covers a process that was stopped or a machine that slept over night.

After that an old append can still do no harm to an attempt or a term: both have gone on since.
"""

STEP = 5_000
"""Rows deleted in one transaction, some 10 ms: killed in between, the next writer goes on."""

FORGET = "delete from appends where id in (select id from appends where at < ? order by at limit ?)"


def forget(db: apsw.Connection, now: float) -> int:
    """Delete the receipts that are older than KEPT_S; says how many. A full disk keeps them. Raises apsw.Error."""
    forgotten = 0
    while True:
        try:
            with db:
                db.execute(FORGET, (now - KEPT_S, STEP))
                deleted = db.changes()
        except apsw.FullError:
            return forgotten
        forgotten += deleted
        if deleted < STEP:
            return forgotten

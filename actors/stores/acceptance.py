"""Accepting a plan: is it a run already, what does it take over, and its rows; and the rows that a run grows by.

All within the writer's transaction.
"""

import json
from collections.abc import Sequence

from actors.errors import PayloadMissing, UserError
from actors.events import ItemReused, ItemsAdded, RunAccepted
from actors.journal.rows import Row, to_row
from actors.stores import queries
from actors.stores.database import Db
from actors.stores.protocol import Accept, RunRecord, Stated, TakenOver
from actors.vocabulary.limits import Limits

INSERT = """insert into runs(id, run, key, name, digest, model, accepted_seq, items, revises)
            values(?, ?, ?, ?, ?, ?, ?, ?, ?)"""
COMPLETE = "update attempts set done = 1 where run = ? and item = ? and done = 0"
FREE = "select 1 from attempts where run = ? and item = ? and open = 0 and done = 0"
FINISHED = "select 1 from events where run = ? and type = 'run_finished'"


def same(db: Db, plan: Accept) -> RunRecord | None:
    """The run that this plan already is. Raises UserError if its key is another plan's."""
    if known := queries.by_column(db, "run", plan.run):
        return known
    if plan.revises is not None:
        revised = queries.find(db, plan.revises).run
        again = queries.by_column(db, "revises", revised)
        if again and again.is_of(plan):
            return again
    else:
        revised = None
    owner = None if plan.key is None else queries.by_column(db, "key", plan.key)
    if owner is None or owner.run == revised:
        return None
    if owner.is_of(plan):
        return owner
    raise UserError(
        f"the key {plan.key!r} belongs to run {owner.run}, which has another plan or model; choose another --key, "
        f"or let this plan take over what that run has: `mnemosyne resume {plan.key} --plan FILE`"
    )


def revised(db: Db, plan: Accept) -> RunRecord | None:
    """The run that the plan revises, which has lost its key by now. Raises NotFound."""
    if plan.revises is None:
        return None
    old = queries.find(db, plan.revises)
    db.execute("update runs set key = null where run = ?", (old.run,))
    return old


def insert(db: Db, plan: Accept, items: Sequence[Stated], seq: int) -> None:
    """The rows of the run, its items and their attempts."""
    run = queries.highest(db)[1] + 1
    values = (plan.run, plan.key, plan.name, plan.digest, plan.model, seq, len(items), plan.revises)
    db.execute(INSERT, (run, *values))
    db.executemany("insert into items values(?, ?, ?, ?)", ((run, i, *item) for i, item in enumerate(items)))
    db.executemany("insert into attempts(run, item) values(?, ?)", ((run, item.id) for item in items))


def grow(db: Db, run: int, row: Row) -> bool:
    """The rows of the items that an item is given; false, and nothing, if it is at work or over, or one is there."""
    items = [(json.dumps(item, ensure_ascii=False), item["id"]) for item in json.loads(row.body)["items"]]
    free = queries.one(db, FREE, run, row.item) is not None
    if not free or any(queries.one(db, "select 1 from attempts where run = ? and item = ?", run, i) for _, i in items):
        return False
    first = queries.one(db, "select items from runs where id = ?", run)
    bodies = ((run, position, id_, body) for position, (body, id_) in enumerate(items, first))
    db.executemany("insert into items values(?, ?, ?, ?)", bodies)
    db.executemany("insert into attempts(run, item) values(?, ?)", ((run, id_) for _, id_ in items))
    db.execute("update runs set items = items + ? where id = ?", (len(items), run))
    return True


def take_over(db: Db, plan: Accept, run: int) -> None:
    """Mark what is reused as done, and add what it had grown by.

    Raises UserError, PayloadMissing for what cannot be taken over.
    """
    for event in plan.reused:
        if event.run != plan.run or not _takes(db, run, event):
            raise refusal(plan, event)
        for ref, gone in needed(event).items():
            if not queries.one(db, "select 1 from payloads where hash = ?", ref):
                raise PayloadMissing(gone)


def _takes(db: Db, run: int, event: TakenOver) -> bool:
    if isinstance(event, ItemsAdded):
        return not event.term and grow(db, run, to_row(event))
    db.execute(COMPLETE, (run, event.item))
    return bool(db.changes())


def refusal(plan: Accept, event: TakenOver) -> UserError:
    """Of what is not the run's, or not to be had twice."""
    return UserError(f"item {event.item!r} of run {event.run} cannot be reused in run {plan.run}: not its own")


def needed(event: TakenOver) -> dict[str, str]:
    """The texts that have to be there, by hash, and what to say of one that is not."""
    if isinstance(event, ItemReused):
        ref = event.outcome.data.ref
        return {ref: f"the result of item {event.item!r} is gone from the store; run the item again"} if ref else {}
    given = ((item.id, (*item.inputs.values(), item.workspace)) for item in event.items)
    refs = ((content.ref, id_) for id_, contents in given for content in contents if content and content.ref)
    gone = "an input of item {!r} is gone from the store; run the plan under another --key"
    return {ref: gone.format(id_) for ref, id_ in refs}


def event(plan: Accept, items: int) -> RunAccepted:
    """The fact that the plan is on disk."""
    return RunAccepted(
        run=plan.run,
        name=plan.name,
        key=plan.key,
        items=items,
        digest=plan.digest,
        model=plan.model,
        budget=plan.budget,
        limits=plan.limits or Limits(),
    )


def is_finished(db: Db, run: int) -> bool:
    """Whether the run has ended."""
    return queries.one(db, FINISHED, run) is not None

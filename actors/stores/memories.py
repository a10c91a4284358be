"""The index of the memories in a store: made from the journal, behind it, in the same database.

The journal's row is the memory; here is only what finds it. So a commit of outcomes costs nothing more, no text is
there twice, and what a killed process did not index the next one does.
"""

from collections.abc import Sequence

import apsw

from actors.events import Event
from actors.journal.memories import MemoryForgotten
from actors.journal.reading import RESULT_MARK, REVIEW_MARKS
from actors.journal.rows import from_rows
from actors.memory import memories, query
from actors.memory.memory import Memory, sessions_of
from actors.memory.recall import LOOKED_AT, Candidate, Question, Recalled, best
from actors.stores import queries, sqlite_words
from actors.stores.database import Db
from actors.stores.matching import EVERY, Words
from actors.work import Content

STEP = 200
"""Memories indexed in one transaction, some 10 ms."""

TEXT_MAX = 100_000
"""Characters of one text that can be found by their words."""

FORGOTTEN = 0
"""As an importance: the row stays, so that nothing brings the memory back."""

TABLES = """
create table memories(           -- finds the event that a memory is; memory_words finds this
  number integer primary key,
  id text not null unique,
  seq integer not null,
  run integer not null,          -- 0: nobody's, it outlives every run
  namespace text not null,
  importance integer not null,   -- 0: forgotten
  at real not null
) strict;
create index memories_by_run on memories(run);
"""

MARKED = " or ".join(f"instr(e.body, '{mark}') > 0" for mark in (RESULT_MARK, *REVIEW_MARKS))
NEWS = f"""select e.seq, e.at, e.body, e.run, coalesce(r.name, '') from events e left join runs r on r.id = e.run
           where e.seq > ? and (e.type in ('item_accepted', 'item_joined', 'item_reused', 'memory_stored',
                                           'memory_forgotten')
                                or e.type = 'item_closed' and ({MARKED}))
           order by e.seq limit {STEP}"""  # noqa: S608
PUT = """insert into memories(id, seq, run, namespace, importance, at) values(?, ?, ?, ?, ?, ?)
         on conflict(id) do nothing returning number"""
MOVE = "update memories set seq = ?, run = ?, namespace = ? where id = ? and importance > 0"
FOUND = "select m.number, {}, m.importance, m.at from {} where m.importance >= ?"
WITHIN = " and (m.namespace = ? or substr(m.namespace, 1, cast(? as integer)) = ?)"
FETCH = """select e.seq, e.at, e.body, coalesce(r.name, '') from memories m join events e on e.seq = m.seq
           left join runs r on r.id = e.run where m.number = ?"""


def words_of(db: Db) -> Words:
    """The index of words that this database has."""
    if isinstance(db, apsw.Connection):
        return sqlite_words
    from actors.stores.postgres import words

    return words


def indexed(db: Db) -> int:
    """The seq up to which the journal is indexed."""
    return int(queries.one(db, "select value from marks where name = 'indexed'") or 0)


def newest(db: Db) -> int:
    """The seq of the last event that may be a memory."""
    marks = ",".join(f"'{type_}'" for type_ in memories.TYPES)
    return int(queries.one(db, f"select seq from events where type in ({marks}) order by seq desc limit 1") or 0)  # noqa: S608


def index(db: Db) -> bool:
    """Take in the next memories of the journal; whether there may be more. Raises what the database raises."""
    after, last = indexed(db), queries.last_seq(db)
    if after >= last:
        return False
    with db:
        news = queries.rows(db, NEWS, after)
        events = from_rows(row[:3] for row in news)
        for event, (*_, run, name) in zip(events, news, strict=True):
            _take(db, event, run, name)
        upto = events[-1].seq if len(events) == STEP else last
        db.execute(queries.MARK, ("indexed", upto))
    return len(events) == STEP


def take_now(db: Db, seq: int, at: float, body: str) -> None:
    """Take in what somebody remembered or forgot, in the transaction of its event: it is rare, and asked for often."""
    _take(db, from_rows([(seq, at, body)])[0], queries.FLEET_ID, "")


def _take(db: Db, event: Event, run: int, plan: str) -> None:
    if isinstance(event, MemoryForgotten):
        _forget(db, event.memory)
    elif memory := memories.memory_of(event, plan):
        values = (memory.id, event.seq, run, memory.namespace, memory.importance, memory.at)
        number = queries.one(db, PUT, *values)
        if number is None:
            db.execute(MOVE, (event.seq, run, memory.namespace, memory.id))
        else:
            words_of(db).put(db, number, memory.item, _text(db, memory.content), " ".join(memory.tags))


def _forget(db: Db, id_: str) -> None:
    number = queries.one(db, "select number from memories where id = ?", id_)
    db.execute("update memories set importance = ? where number = ?", (FORGOTTEN, number))
    words_of(db).remove(db, number)


def _text(db: Db, content: Content) -> str:
    sql = "select text from payloads where hash = ?"
    text = content.text if content.ref is None else queries.one(db, sql, content.ref)
    return str(text or "")[:TEXT_MAX]


def remove(db: Db, run: int) -> None:
    """The memories of a run are gone, in the caller's transaction."""
    words_of(db).remove_run(db, run)
    db.execute("delete from memories where run = ?", (run,))


def recall(db: Db, question: Question, now: float) -> list[Recalled]:
    """The best answers among what is indexed. Raises what the database raises."""
    wanted = query.parse(question.text)
    found = words_of(db).match(wanted) if wanted else EVERY
    sql = FOUND.format(found.fit, found.tables) + found.condition
    values = [*found.fit_values, max(1, question.min_importance), *found.values]
    if not question.results:
        sql += " and m.run = 0"
    if question.namespace:
        within = sessions_of(question.namespace) or f"{question.namespace}\n"  # which no namespace begins with
        sql += WITHIN
        values += [question.namespace, len(within), within]
    sql += f" order by {found.order} desc limit {LOOKED_AT}"
    fit = [Candidate(*row) for row in db.execute(sql, values)]
    return _fetched(db, best(fit, question.limit, now))


def _fetched(db: Db, found: Sequence[tuple[int, float]]) -> list[Recalled]:
    rows = [queries.rows(db, FETCH, number)[0] for number, _ in found]
    events = from_rows(row[:3] for row in rows)
    made = [memories.memory_of(event, row[3]) for event, row in zip(events, rows, strict=True)]
    return [Recalled(memory, score) for memory, (_, score) in zip(made, found, strict=True) if memory]


def get(db: Db, id_: str) -> Memory | None:
    """The memory with this id, unless it was forgotten."""
    number = queries.one(db, "select number from memories where id = ? and importance > 0", id_)
    return None if number is None else _fetched(db, [(number, 0.0)])[0].memory

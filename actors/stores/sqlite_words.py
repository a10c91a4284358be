"""The index of words in SQLite: FTS5, without a second copy of the texts. See Words."""

from actors.memory import query
from actors.memory.query import Query
from actors.stores.database import Db
from actors.stores.matching import Match

TABLE = """
create virtual table memory_words using fts5(
  title, text, tags, content='', contentless_delete=1, tokenize="unicode61 remove_diacritics 2"
);
"""
TABLES = "memory_words w cross join memories m on m.number = w.rowid"


def put(db: Db, number: int, title: str, text: str, tags: str, /) -> None:
    """See Words."""
    sql = "insert into memory_words(rowid, title, text, tags) values(?, ?, ?, ?)"
    db.execute(sql, (number, title, text, tags))


def remove(db: Db, number: int | None, /) -> None:
    """See Words."""
    db.execute("delete from memory_words where rowid = ?", (number,))


def remove_run(db: Db, run: int, /) -> None:
    """See Words."""
    db.execute("delete from memory_words where rowid in (select number from memories where run = ?)", (run,))


def match(wanted: Query, /) -> Match:
    """See Words."""
    fit, condition = "-bm25(memory_words)", " and memory_words match ?"
    return Match(fit, TABLES, condition, "w.rowid", values=(query.fts5(wanted),))

"""The index of words in PostgreSQL. See Words.

The words are found by the index of `words`; which of these really have a phrase, the plain text says.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from actors.memory import query
from actors.memory.query import Choice, Query, Term
from actors.stores.database import Db
from actors.stores.matching import Match

LEXEME = 500
"""Characters of a word that the index holds; PostgreSQL takes 2,046 bytes."""
TABLES = "memory_words w join memories m on m.number = w.number"
BETWEEN = "|"
"""No word, so that no phrase goes on from the title into the text."""


def put(db: Db, number: int, title: str, text: str, tags: str, /) -> None:
    """See Words."""
    parts = [query.words(part) for part in (title, text, tags)]
    plain = f" {BETWEEN} ".join(" ".join(part) for part in parts)
    words = _vector(word for part in parts for word in part)
    db.execute("insert into memory_words values(?, ?, cast(? as tsvector))", (number, f" {plain} ", words))


def _vector(words: Iterable[str]) -> str:
    places: dict[str, list[str]] = {}
    for place, word in enumerate(words, 1):
        kept = places.setdefault(word[:LEXEME], [])
        if len(kept) < 255:
            kept.append(str(min(place, 16_383)))  # what PostgreSQL counts to
    return " ".join(f"'{word}':{','.join(kept)}" for word, kept in places.items())


def remove(db: Db, number: int | None, /) -> None:
    """See Words."""
    db.execute("delete from memory_words where number = ?", (number,))


def remove_run(db: Db, run: int, /) -> None:
    """See Words."""
    db.execute("delete from memory_words where number in (select number from memories where run = ?)", (run,))


def match(wanted: Query, /) -> Match:
    """See Words."""
    indexed = " | ".join(map(_indexed, wanted))
    values: list[Any] = [indexed]
    exact = []
    for choice in wanted:
        sql = []
        for term, there in _exact(choice):
            sql.append(f"strpos(w.plain, ?) {'>' if there else '='} 0")
            values.append(term)
        exact.append(f"({' and '.join(sql)})")
    condition = f" and w.words @@ cast(? as tsquery) and ({' or '.join(exact)})"
    fit = "cast(ts_rank(w.words, cast(? as tsquery)) as double precision)"
    return Match(fit, TABLES, condition, fit_values=(indexed,), values=values)


def _indexed(choice: Choice) -> str:
    """All words that have to be there; that is more than what is asked for, never less."""
    return f"({' & '.join(_lexemes(term) for term in choice.wanted)})"


def _lexemes(term: Term) -> str:
    words = query.words(term.text)
    ends = [":*" if term.prefix and word is words[-1] else "" for word in words]
    return " & ".join(f"'{word[:LEXEME]}'{end}" for word, end in zip(words, ends, strict=True))


def _exact(choice: Choice) -> Iterator[tuple[str, bool]]:
    for terms, there in ((choice.wanted, True), (choice.unwanted, False)):
        for term in terms:
            yield f" {' '.join(query.words(term.text))}{'' if term.prefix else ' '}", there

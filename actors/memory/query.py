"""What somebody types to find memories. Every text is a query; none is an error. Pure.

Words all have to be there; `OR` between them begins another choice, `NOT` excludes the next, quotes hold a phrase
together, a `*` at the end stands for any ending. Nothing else means anything: `C++`, `a.b` and `NEAR(` are words.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

LENGTH = 2_000
"""Characters that are looked at."""
TERMS = 40
"""Words and phrases that are looked for."""

TOKEN = re.compile(r'"([^"]*)"?(\*?)|([^\s"]+)')
QUOTE = '"'
OPERATORS = ("AND", "OR", "NOT")


class Term(NamedTuple):
    """A word or a phrase."""

    text: str
    prefix: bool = False
    """Whether its last word may go on."""


class Choice(NamedTuple):
    """What has to be in a memory, all of it, and what must not."""

    wanted: tuple[Term, ...]
    unwanted: tuple[Term, ...] = ()


Query = tuple[Choice, ...]
"""Any of these; none at all asks for every memory."""


def parse(text: str) -> Query:
    """The query that this text is."""
    text = _clean(text)[:LENGTH]
    choices = tuple(choice for choice in map(_choice, _split(_terms(text))) if choice.wanted)
    return choices or _any_words(text)


def any_of(stems: Iterable[str]) -> str:
    """The text of a query for any word that begins with one of these."""
    return " OR ".join(f'"{_clean(stem).replace(QUOTE, " ")}"*' for stem in stems)


def _any_words(text: str) -> Query:
    """Of a text that asks for nothing that has to be there: its operators are words."""
    terms = tuple(Term(word) for word in text.replace('"', " ").split() if _has_word(word))[:TERMS]
    return (Choice(terms),) if terms else ()


def _clean(text: str) -> str:
    text = text.encode(errors="replace").decode()  # half a character cannot be sent
    return "".join(" " if unicodedata.category(c) == "Cc" else c for c in text)


def _terms(text: str) -> list[Term | str]:
    """Terms and operators, without what has no letter or digit."""
    found: list[Term | str] = []
    for match in TOKEN.finditer(text):
        phrase, star, word = match.groups()
        if word in OPERATORS:
            found.append(word)
        elif word is not None and _has_word(word):
            found.append(Term(word.rstrip("*"), word.endswith("*")))
        elif phrase is not None and _has_word(phrase):
            found.append(Term(phrase, bool(star)))
    return found[: 2 * TERMS]


def _split(terms: Sequence[Term | str]) -> Iterator[list[Term | str]]:
    part: list[Term | str] = []
    for term in terms:
        if term == "OR":
            yield part
            part = []
        elif term != "AND":
            part.append(term)
    yield part


def _choice(part: Sequence[Term | str]) -> Choice:
    wanted, unwanted, negated = list[Term](), list[Term](), False
    for term in part:
        if isinstance(term, Term):
            (unwanted if negated else wanted).append(term)
        negated = term == "NOT"
    return Choice(tuple(wanted), tuple(unwanted))


def _has_word(text: str) -> bool:
    return any(map(_is_letter, text))


def _is_letter(c: str) -> bool:
    return unicodedata.category(c)[0] in "LN"


def fts5(query: Query) -> str:
    """The query in the language of SQLite's FTS5, every term quoted."""
    return " OR ".join(f"({_fts5(choice)})" for choice in query)


def _fts5(choice: Choice) -> str:
    wanted = " AND ".join(map(_quoted, choice.wanted))
    if not choice.unwanted:
        return wanted
    return f"({wanted}) NOT ({' OR '.join(map(_quoted, choice.unwanted))})"


def _quoted(term: Term) -> str:
    return f'"{term.text}" *' if term.prefix else f'"{term.text}"'


def words(text: str) -> list[str]:
    """Words as they are compared: letters and digits, in lower case, without accents."""
    plain = (c for c in unicodedata.normalize("NFD", text.lower()) if unicodedata.category(c)[0] != "M")
    return "".join(c if _is_letter(c) else " " for c in plain).split()


def matches(query: Query, text: Sequence[str]) -> bool:
    """Whether a text with these words is what the query asks for."""
    return not query or any(
        all(_has(text, term) for term in choice.wanted) and not any(_has(text, term) for term in choice.unwanted)
        for choice in query
    )


def _has(text: Sequence[str], term: Term) -> bool:
    *head, last = words(term.text) or [""]
    ends = str.startswith if term.prefix else str.__eq__
    places = range(len(head), len(text))
    return any(list(text[at - len(head) : at]) == head and ends(text[at], last) for at in places)

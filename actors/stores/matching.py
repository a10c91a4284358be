"""How a database finds the memories with given words; each kind has an index of words of its own."""

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

from actors.memory.query import Query
from actors.stores.database import Db


class Match(NamedTuple):
    """A part of a statement that finds memories, as `m`, with the values of its question marks."""

    fit: str
    """How well the words fit; more is better."""
    tables: str
    condition: str = ""
    """Begins with `and`."""
    order: str = "m.number"
    fit_values: Sequence[Any] = ()
    values: Sequence[Any] = ()


EVERY = Match("cast(0 as double precision)", "memories m")
"""Every memory, equally well."""


class Words(Protocol):
    """An index of the words of memories, which have numbers."""

    def put(self, db: Db, number: int, title: str, text: str, tags: str, /) -> None:
        """A new memory can be found by these."""
        ...

    def remove(self, db: Db, number: int | None, /) -> None:
        """It cannot any more."""
        ...

    def remove_run(self, db: Db, run: int, /) -> None:
        """Those of a run cannot any more."""
        ...

    def match(self, query: Query, /) -> Match:
        """How to find the memories that this asks for; it asks for something."""
        ...

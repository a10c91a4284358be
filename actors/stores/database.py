"""What the statements that both kinds of store share are given: a connection to SQLite or to PostgreSQL.

They are written for both: `?` for a value, `instr(...) > 0`, `on conflict` with the table's name before its columns.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Protocol, Self


class Rows(Protocol):
    """What a statement found."""

    def fetchone(self) -> Any:
        """The next row, or None."""
        ...

    def fetchall(self) -> list[Any]:
        """All that are left."""
        ...

    def __iter__(self) -> Iterator[Any]: ...


class Db(Protocol):
    """A connection. As a context manager: one transaction."""

    def execute(self, sql: str, values: Sequence[Any] = (), /) -> Rows:
        """One statement."""
        ...

    def executemany(self, sql: str, rows: Iterable[Sequence[Any]], /) -> Any:
        """One statement for each row of values."""
        ...

    def changes(self) -> int:
        """Rows that the last statement changed."""
        ...

    def close(self) -> None:
        """Let go of the store."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(self, *error: Any) -> Any: ...

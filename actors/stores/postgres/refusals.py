"""What the server may refuse, in one sentence each, with the cure."""

import psycopg
from psycopg import errors

from actors.errors import StoreUnreachable, StoreUnusable

UNREACHABLE = "{name} cannot be reached: {why}; see to the server, nothing that was acknowledged is lost"
FULL = "the disk of {name} is full; free some space, nothing was lost"
FORBIDDEN = "{name} refuses: {why}; give this user the rights to it, see docs/store.md"
READ_ONLY = "{name} takes no writes: {why}; name the primary server, see docs/store.md"
OTHER = "{name}: {why}; nothing of this was written"

SENTENCES: tuple[tuple[tuple[type[psycopg.Error], ...], str], ...] = (
    ((errors.DiskFull,), FULL),
    ((errors.ReadOnlySqlTransaction,), READ_ONLY),
    ((errors.InsufficientPrivilege,), FORBIDDEN),
)


def refusal(name: str, error: psycopg.Error) -> StoreUnusable:
    """The error of a statement as people are told it."""
    sentence = next((text for kinds, text in SENTENCES if isinstance(error, kinds)), OTHER)
    return StoreUnusable(sentence.format(name=name, why=why(error)))


def unreachable(name: str, error: psycopg.Error) -> StoreUnreachable:
    """The connection was lost, or none was made."""
    return StoreUnreachable(UNREACHABLE.format(name=name, why=why(error)))


def why(error: psycopg.Error) -> str:
    """The server's words in one line, without the text of a row."""
    return " ".join((error.diag.message_primary or str(error)).split())

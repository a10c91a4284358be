"""Texts as PostgreSQL can hold them: it takes neither NUL nor half a character, which texts of ours may have.

Those, and the mark itself, are written as the mark and four digits; every text comes back as it was, and two texts
are equal in the database if and only if they are.
"""

import re
from typing import Any

from psycopg import Connection
from psycopg.abc import Buffer
from psycopg.adapt import Dumper, Loader
from psycopg.types.numeric import Int8Dumper

MARK = "\x01"
REFUSED = re.compile("[\x00\x01\ud800-\udfff]")
WRITTEN = re.compile("\x01([0-9a-f]{4})")


def to_database(text: str) -> str:
    """The text without what PostgreSQL refuses."""
    return REFUSED.sub(lambda found: f"{MARK}{ord(found[0]):04x}", text)


def from_database(text: str) -> str:
    """The text as it was."""
    return WRITTEN.sub(lambda found: chr(int(found[1], 16)), text) if MARK in text else text


class TextDumper(Dumper):
    """A value whose type the statement says."""

    def dump(self, obj: str) -> bytes:
        """To the database."""
        return to_database(obj).encode()


class TextLoader(Loader):
    """A column."""

    def load(self, data: Buffer) -> str:
        """From the database."""
        return from_database(bytes(data).decode())


def teach(db: Connection[Any]) -> None:
    """This connection writes and reads texts so, and every number as the columns are."""
    db.adapters.register_dumper(str, TextDumper)
    db.adapters.register_loader("text", TextLoader)
    db.adapters.register_dumper(int, Int8Dumper)

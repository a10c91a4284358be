"""What a SQLite file's header says."""

import apsw

from actors.stores.queries import one


def version(db: apsw.Connection) -> int:
    """Of the schema; 0 in a file without one."""
    return int(one(db, "pragma user_version"))


def is_empty(db: apsw.Connection) -> bool:
    """Whether there is no table yet."""
    return not one(db, "select count(*) from sqlite_schema")


def owner(db: apsw.Connection) -> int:
    """The program that the file's header names."""
    return int(one(db, "pragma application_id"))

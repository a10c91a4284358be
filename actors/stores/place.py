"""Where a store is: the path of a SQLite file, or of one that holds the address of a PostgreSQL server."""

from pathlib import Path

SERVER = ".postgres"
"""How the name of the second kind ends. It is for its owner's eyes only: the address may hold a password."""


def is_on_server(store: Path) -> bool:
    """Whether the store is a PostgreSQL database."""
    return store.suffix == SERVER

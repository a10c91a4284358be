"""Where a home's store is, kept in the home: a PostgreSQL server's address in a file for its owner's eyes only.

So no password is in an argument, in the environment of agents and tools, or in what Ray writes down.
"""

import os
import secrets
from pathlib import Path

from actors.errors import HomeUnusable, UserError
from actors.stores.place import SERVER

SCHEMES = ("postgresql://", "postgres://")
ARGUMENT = (
    "everybody on this machine can read the arguments of a command; "
    "give the password in PGPASSWORD, MNEMOSYNE_STORE, ~/.pgpass or a service file, and --store without it"
)


def file_of(home: Path) -> Path:
    """The file with the address."""
    return home / f"store{SERVER}"


def as_argument(address: str) -> str:
    """The address itself. Raises UserError if it is none, or if it holds a password."""
    from actors.stores.postgres import server

    if not address.startswith(SCHEMES):
        raise UserError(f"a store is postgresql://USER@HOST/DATABASE, not {address.partition(':')[0]!r:.40}…")
    if server.password(address) is not None:
        raise UserError(ARGUMENT)
    return address


def keep(home: Path, address: str, password: str | None) -> None:
    """The home has this store from now on; the password, if there is one, with it. Raises UserError, HomeUnusable.

    A home has one store for good: one that has another already is refused. One that cannot be reached is not kept:
    raises StoreUnreachable.
    """
    from actors.stores.postgres import server

    if not address.startswith(SCHEMES):
        raise UserError("MNEMOSYNE_STORE has to be postgresql://USER@HOST/DATABASE")
    file, sqlite = file_of(home), home / "store.db"
    if sqlite.exists():
        raise UserError(f"this home has a store already, {sqlite}; for {server.parse(address).name} use another --home")
    old = _read(file)
    if old is not None and not server.is_same(old, address):
        raise UserError(
            f"the store of this home is {server.parse(old).name}, not {server.parse(address).name}; "
            f"use another --home, or remove {file} if the same store has moved"
        )
    whole = server.with_password(address, server.password(address) or password or (old and server.password(old)))
    if old is None:
        server.probe(whole)
    _write(file, whole, old)


def refresh(home: Path, password: str) -> None:
    """The server takes this password now. Raises HomeUnusable."""
    from actors.stores.postgres import server

    file = file_of(home)
    if old := _read(file):
        _write(file, server.with_password(old, password), old)


def _read(file: Path) -> str | None:
    try:
        return file.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise HomeUnusable(f"{file} cannot be read: {error}; see to it, or use --home") from None


def _write(file: Path, address: str, old: str | None) -> None:
    if address == old:
        return
    new = file.with_name(f".store-{secrets.token_hex(4)}")
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        opened = os.open(new, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)
        with os.fdopen(opened, "w", encoding="utf-8") as out:
            out.write(address)
        new.replace(file)
    except OSError as error:
        raise HomeUnusable(f"{file} cannot be written: {error.strerror}; see to it, or use --home") from None

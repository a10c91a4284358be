"""Where a home's store is, kept in the home: a PostgreSQL server's address in a file for its owner's eyes only.

So no password is in an argument, in the environment of agents and tools, or in what Ray writes down.
"""

import os
import secrets
from contextlib import suppress
from pathlib import Path

from actors.errors import HomeUnusable, StoreUnreachable, StoreUnusable, UserError
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

    _understood(address, "--store")
    if server.password(address) is not None:
        raise UserError(ARGUMENT)
    return address


def keep(home: Path, address: str, password: str | None) -> None:
    """The home has this store from now on, and the password that it answers to. Raises UserError, HomeUnusable.

    A home has one store for good: one that has another already is refused. What nobody answers to, an address or a
    password within it, is not kept: raises StoreUnreachable. `password` may be meant for another database: if the
    home's store does not answer to it, the one that the home has stays.
    """
    from actors.stores.postgres import server

    _understood(address, "MNEMOSYNE_STORE")
    file, sqlite = file_of(home), home / "store.db"
    if sqlite.exists():
        raise UserError(f"this home has a store already, {sqlite}; for {server.parse(address).name} use another --home")
    old = _kept(file)
    if old is None:
        whole = server.with_password(address, server.password(address) or password)
        server.probe(whole)
        _write(file, whole, None)
        return
    if not server.is_same(old, address):
        raise UserError(
            f"the store of this home is {server.parse(old).name}, not {server.parse(address).name}; "
            f"use another --home, or remove {file} if the same store has moved"
        )
    if (told := server.password(address)) and told != server.password(old):
        server.probe(address)
        _write(file, address, old)
    elif not told and password:
        refresh(home, password)


def refresh(home: Path, password: str) -> None:
    """The home keeps this password if its store answers to it, else the one that it has. Raises HomeUnusable."""
    from actors.stores.postgres import server

    file = file_of(home)
    old = _kept(file)
    if old is None or server.password(old) == password:
        return
    new = server.with_password(old, password)
    with suppress(StoreUnreachable):
        server.probe(new)
        _write(file, new, old)


def _understood(address: str, name: str) -> None:
    from actors.stores.postgres import server

    if not address.startswith(SCHEMES):
        raise UserError(f"{name} takes postgresql://USER@HOST/DATABASE, and this is something else")
    try:
        server.parse(address)
    except StoreUnusable as error:
        raise UserError(f"{name}: {error}") from None


def _kept(file: Path) -> str | None:
    """The home's address, if it has one. Raises HomeUnusable."""
    from actors.stores.postgres import server

    address = _read(file)
    try:
        if address is not None:
            server.parse(address)
    except StoreUnusable:
        raise HomeUnusable(f"{file} holds no address of a store; remove it, and name the store again") from None
    return address


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

"""Where the store's server is: the address as the home keeps it, and as people may be shown it."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from actors.errors import StoreUnusable
from actors.stores.postgres import refusals

CONNECT_S = 5
KEEPALIVE = {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3, "tcp_user_timeout": 25_000}
"""A server that is gone without a word is noticed within half a minute."""


class Server(NamedTuple):
    """A database on a server."""

    address: str
    """For libpq; may hold a password."""
    name: str
    """For people: without one."""


def read(store: Path) -> Server:
    """What the home's file says. Raises StoreUnusable."""
    try:
        return parse(store.read_text(encoding="utf-8").strip())
    except (OSError, UnicodeDecodeError) as error:
        raise StoreUnusable(f"{store} cannot be read: {error}; name the store again with --store") from None


def parse(address: str) -> Server:
    """The server with this address, postgresql://… Raises StoreUnusable."""
    try:
        known = conninfo_to_dict(address)
    except psycopg.Error as error:
        raise StoreUnusable(f"the address of the store cannot be understood: {_why(error, address)}") from None
    ours = {name: value for name, value in {"connect_timeout": CONNECT_S, **KEEPALIVE}.items() if name not in known}
    return Server(make_conninfo(address, **ours), name_of(known))


def probe(address: str) -> None:
    """Raise StoreUnreachable if nobody answers there."""
    server = parse(address)
    try:
        psycopg.connect(server.address).close()
    except psycopg.Error as error:
        raise refusals.unreachable(server.name, error) from None


def name_of(known: Mapping[str, object]) -> str:
    """As it is shown: the parts of an address that are no secret."""
    host = known.get("host") or known.get("hostaddr") or known.get("service") or ""
    port = f":{known['port']}" if known.get("port") else ""
    return f"postgresql://{host}{port}/{known.get('dbname') or ''}"


def password(address: str) -> str | None:
    """The password within an address."""
    found = conninfo_to_dict(address).get("password")
    return None if found is None else str(found)


def with_password(address: str, password: str | None) -> str:
    """The address, and this password."""
    return address if password is None else make_conninfo(address, password=password)


def is_same(one: str, other: str) -> bool:
    """Whether two addresses differ in nothing but the password."""
    first, second = ({**conninfo_to_dict(address), "password": None} for address in (one, other))
    return first == second


def _why(error: psycopg.Error, address: str) -> str:
    return " ".join(str(error).replace(address, "…").split())

"""Where the store's server is: the address as the home keeps it, and as people may be shown it."""

import ipaddress
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

NOT_UNDERSTOOD = "the address of the store cannot be understood; write special characters of the password as %XX"
SHOWN = ("host", "hostaddr", "port", "dbname", "service")
"""Parts of an address that people and logs may see; see name_of."""


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
    known = _known(address)
    ours = {name: value for name, value in {"connect_timeout": CONNECT_S, **KEEPALIVE}.items() if name not in known}
    return Server(make_conninfo(address, **ours), name_of(known))


def _known(address: str) -> dict[str, object]:
    """The parts of an address. Raises StoreUnusable without libpq's words: they hold pieces of a password."""
    try:
        known: dict[str, object] = dict(conninfo_to_dict(address))
    except (psycopg.Error, ValueError):
        raise StoreUnusable(NOT_UNDERSTOOD) from None
    if _is_torn(address) or not all(_is_sound(name, str(known.get(name) or "")) for name in SHOWN):
        raise StoreUnusable(NOT_UNDERSTOOD)
    return known


def _is_torn(address: str) -> bool:
    """Whether an @ stands where libpq looks for none: then the password holds one, or the / before it."""
    _, scheme, rest = address.partition("://")
    return bool(scheme) and "@" in rest.partition("@")[2] + rest.partition("/")[2]


def _is_sound(name: str, value: str) -> bool:
    """Whether this can be what it is taken for, and no piece of a password."""
    if name == "port":
        return all(not port or port.isdecimal() for port in value.split(","))
    if name in ("host", "hostaddr"):
        return "@" not in value and all(_is_host(host) for host in value.split(","))
    return not set(value) & set("@:/")


def _is_host(host: str) -> bool:
    return host.startswith("/") or not set(host) & set(":/") or _is_ip(host)


def _is_ip(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def probe(address: str) -> None:
    """Raise StoreUnreachable if nobody answers there, or not to this password."""
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
    """The password within an address. Raises StoreUnusable."""
    found = _known(address).get("password")
    return None if found is None else str(found)


def with_password(address: str, password: str | None) -> str:
    """The address, and this password. Raises StoreUnusable."""
    _known(address)
    return address if password is None else make_conninfo(address, password=password)


def is_same(one: str, other: str) -> bool:
    """Whether two addresses differ in nothing but the password. Raises StoreUnusable."""
    first, second = ({**_known(address), "password": None} for address in (one, other))
    return first == second

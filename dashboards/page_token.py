"""The page's address and its secret: a file in the home. Who has it may see and do everything there."""

import hashlib
import hmac
import os
import secrets
from pathlib import Path

from actors.errors import HomeUnusable

PORT = 8420
"""Where the page is if nobody says otherwise."""

METRICS = "/metrics"
"""A token of its own, derived for this purpose, opens this path and no other: Prometheus need not have the home's."""

BYTES = 24
NAME = "page-token"


def token_of(home: Path) -> str:
    """The home's token, made at the first call; readable by its owner only. Raises HomeUnusable."""
    path = home / NAME
    try:
        if not path.exists():
            _make(path)
        token = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise HomeUnusable(f"{path} cannot be used: {error}; see to it, or remove it for a new token") from None
    if len(token) < BYTES:
        raise HomeUnusable(f"{path} holds no token; remove it for a new one")
    return token


def _make(path: Path) -> None:
    new = path.with_name(f".{NAME}-{secrets.token_hex(4)}")
    opened = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(opened, f"{secrets.token_urlsafe(BYTES)}\n".encode())
        os.fsync(opened)
    finally:
        os.close(opened)
    try:
        os.link(new, path)  # whoever is second takes the first one's
    except FileExistsError:
        pass
    finally:
        new.unlink()


def url(port: int, token: str) -> str:
    """What a person opens; the token in it becomes a cookie."""
    return f"http://127.0.0.1:{port}/?token={token}"


def derived(token: str, purpose: str) -> str:
    """A secret of its own for each purpose; none tells the token or another one."""
    return hmac.new(token.encode(), purpose.encode(), hashlib.sha256).hexdigest()


def same(one: str, other: str) -> bool:
    """Whether they are equal, in a time that does not tell how far."""
    return hmac.compare_digest(one.encode(errors="replace"), other.encode(errors="replace"))

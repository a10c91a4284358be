"""Changes of the secrets file: one at a time, whole or not at all, and never of a file that cannot be opened.

Killed between any two steps, they leave the old file or the new one.
"""

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from actors.errors import SecretsUnusable
from actors.machine.disk import sync_folder
from actors.secrecy.secrets_file import SecretsFile
from cluster.home.locks import exclusive

if TYPE_CHECKING:
    from pyrage.x25519 import Identity

PATIENCE_S = 10.0
"""A change takes milliseconds; whoever holds the lock for longer is stopped."""


def make(file: SecretsFile) -> bool:
    """Make what is missing, the key first; whether anything was. Raises SecretsUnusable, OSError."""
    with _changing(file):
        there = file.path.exists() and file.identity.exists()
        secrets = file.read()
        if not there:
            _seal(file, secrets)
        return not there


def put(file: SecretsFile, name: str, value: str, patience_s: float = PATIENCE_S) -> None:
    """Keep this value under this name, in a file that is made if there is none. Raises SecretsUnusable, OSError."""
    with _changing(file, patience_s):
        _seal(file, {**file.read(), name: value})


def drop(file: SecretsFile, name: str) -> bool:
    """Keep nothing under this name; whether there was something. Raises SecretsUnusable, OSError."""
    if not file.folder.exists():
        return False
    with _changing(file):
        secrets = file.read()
        if name not in secrets:
            return False
        del secrets[name]
        _seal(file, secrets)
        return True


@contextmanager
def _changing(file: SecretsFile, patience_s: float = PATIENCE_S) -> Iterator[None]:
    if not file.folder.exists():
        file.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        sync_folder(file.folder.parent)
    deadline = time.monotonic() + patience_s
    while (lock := exclusive(file.folder / "lock")) is None:
        if time.monotonic() > deadline:
            raise SecretsUnusable(f"another process keeps {file.folder}/lock; end it, then try again")
    try:
        yield
    finally:
        os.close(lock)


def _seal(file: SecretsFile, secrets: dict[str, str]) -> None:
    from pyrage import encrypt

    identity = file.read_identity() or _new_identity(file)
    clear = json.dumps(dict(sorted(secrets.items())), indent=2).encode()
    # where it really is: the file may be a link into a folder that somebody keeps in order
    path = file.path.resolve()
    with _written(path, encrypt(clear, [identity.to_public()], armored=True)) as new:
        new.replace(path)


def _new_identity(file: SecretsFile) -> "Identity":
    from pyrage import x25519

    identity = x25519.Identity.generate()
    told = (
        f"# opens {file.path.name}; without it the secrets are lost",
        f"# public key: {identity.to_public()}",
        identity,
    )
    with _written(file.identity, "".join(f"{line}\n" for line in told).encode()) as new:
        file.identity.hardlink_to(new)  # unlike a renaming this never takes the place of another one
    return identity


@contextmanager
def _written(path: Path, data: bytes) -> Iterator[Path]:
    """This data on disk under another name, for its owner alone; durable under its own name afterwards."""
    new = path.with_name(f"{path.name}.new")
    new.unlink(missing_ok=True)  # what a killed process left
    try:
        opened = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(opened, "wb") as file:
            os.fchmod(opened, 0o600)
            file.write(data)
            file.flush()
            os.fsync(opened)
        yield new
    finally:
        with suppress(OSError):
            new.unlink(missing_ok=True)
    sync_folder(path.parent)

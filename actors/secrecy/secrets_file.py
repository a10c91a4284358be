"""The encrypted file of secrets, which the `age` tool opens as well; refused if it is not ours, and never mended."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

from actors.errors import SecretsUnusable

if TYPE_CHECKING:
    from pyrage.x25519 import Identity

FILE = "secrets.age"
IDENTITY = "identity.key"

LARGEST = 1 << 20
"""Bytes; what is longer was not written by us."""

ANEW = "bring it back from a backup, or move {} away and set the secrets anew"


class SecretsFile:
    """`secrets.age`, a JSON object of names and values, and beside it `identity.key`, the key that opens it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.path, self.identity = folder, folder / FILE, folder / IDENTITY

    def read(self) -> dict[str, str]:
        """Every secret by name; none if there is no file. Raises SecretsUnusable."""
        sealed = _bytes(self.path)
        return {} if sealed is None else self._opened(sealed)

    def read_identity(self) -> "Identity | None":
        """The key that opens the file; None if there is none. Raises SecretsUnusable."""
        from pyrage import IdentityError, x25519

        told = _bytes(self.identity)
        if told is None:
            return None
        lines = [line.strip() for line in told.decode(errors="replace").splitlines()]
        keys = [line for line in lines if line and not line.startswith("#")]
        try:
            (key,) = keys
            return x25519.Identity.from_str(key)
        except (ValueError, IdentityError):
            raise SecretsUnusable(f"{self.identity} is no age identity: {ANEW.format('it')}") from None

    def _opened(self, sealed: bytes) -> dict[str, str]:
        from pyrage import DecryptError, decrypt

        identity = self.read_identity()
        if identity is None:
            told = f"{self.path} is there, and {self.identity}, which opens it, is not"
            raise SecretsUnusable(f"{told}: {ANEW.format(self.path.name)}")
        try:
            clear = decrypt(sealed, [identity])
        except DecryptError:
            told = f"{self.path} is damaged, or is no age file that {self.identity} opens"
            raise SecretsUnusable(f"{told}: {ANEW.format(self.path.name)}") from None
        try:
            secrets = json.loads(clear)
        except ValueError:
            secrets = None
        if not isinstance(secrets, dict) or not all(isinstance(value, str) for value in secrets.values()):
            told = f"{self.path} holds something else than names and values"
            raise SecretsUnusable(f"{told}: {ANEW.format(self.path.name)}")
        return secrets


def _bytes(path: Path) -> bytes | None:
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise SecretsUnusable(f"{path} cannot be read: {error.strerror}; make it readable for its owner") from None
    if len(data) > LARGEST:
        raise SecretsUnusable(f"{path} is too long to be ours: {ANEW.format(path.name)}")
    return data

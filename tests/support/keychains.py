"""Keychains for tests, chosen by PYTHON_KEYRING_BACKEND: one that works, and every way of one that does not."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

from keyring.backend import KeyringBackend  # type: ignore[import-not-found,unused-ignore]

FILE = "TEST_KEYCHAIN"
"""The variable that names the file of Sound."""


class Sound(KeyringBackend):  # type: ignore[misc,unused-ignore]
    """Keeps secrets, in clear text, in the file that TEST_KEYCHAIN names."""

    priority: float = 5

    def get_password(self, service: str, username: str) -> str | None:
        return self._read().get(f"{service}/{username}")

    def set_password(self, service: str, username: str, password: str) -> None:
        self._write({**self._read(), f"{service}/{username}": password})

    def delete_password(self, service: str, username: str) -> None:
        self._write({name: value for name, value in self._read().items() if name != f"{service}/{username}"})

    def _read(self) -> dict[str, str]:
        file = Path(os.environ[FILE])
        return dict(json.loads(file.read_text())) if file.exists() else {}

    def _write(self, kept: dict[str, str]) -> None:
        Path(os.environ[FILE]).write_text(json.dumps(kept))


class Unsafe(Sound):
    """One that keyring itself would rather not use."""

    priority = 0.5


class Locked(Sound):
    """Waits for a password that nobody types, and so does a helper of its own."""

    def get_password(self, service: str, username: str) -> str | None:
        helper = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        Path(os.environ[FILE]).write_text(f"{os.getpid()} {helper.pid}")
        time.sleep(600)
        return None


class Refusing(Sound):
    """Tells in its error what nobody may see."""

    def set_password(self, service: str, username: str, password: str) -> None:
        raise RuntimeError(f"no room for {password}")


class Dying(Sound):
    """Ends its process."""

    def get_password(self, service: str, username: str) -> str | None:
        os._exit(3)


class Chatty(Sound):
    """Writes where the answer belongs."""

    def get_password(self, service: str, username: str) -> str | None:
        sys.stdout.write("a word from the keychain\n")
        return super().get_password(service, username)

"""Secrets, looked up on the node where they are needed, and taken out of whatever is told about anything.

An agent reads the API key at its first call; it is never sent to one, and no tool inherits it.
"""

import os
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from actors.errors import CredentialsRefused, SecretsUnusable
from actors.secrecy import keychain
from actors.secrecy.keychain import Answer
from actors.secrecy.redaction import remember
from actors.secrecy.secrets_file import SecretsFile

KEY = "ANTHROPIC_API_KEY"


class Place(StrEnum):
    """Where a secret may be found; the first one wins."""

    ENVIRONMENT = "environment"
    FILE = "secrets file"
    KEYCHAIN = "keychain"


class Found(NamedTuple):
    """What a search came to."""

    value: str | None = None
    place: Place | None = None
    trouble: str = ""
    """Why the keychain, the last place, could not be asked."""


AskKeychain = Callable[[str], Answer]


def ask_keychain(name: str) -> Answer:
    """What the keychain of this machine has under a name; waits for it for at most keychain.LIMIT_S."""
    return keychain.ask("get", name, without_key()) if keychain.is_there(os.environ) else Answer()


def secrets_file() -> SecretsFile | None:
    """The user's, in $XDG_CONFIG_HOME/mnemosyne or ~/.config/mnemosyne; None for a user without a home directory."""
    chosen = Path(os.environ.get("XDG_CONFIG_HOME", "").strip())
    try:
        folder = chosen if chosen.is_absolute() else Path.home() / ".config"
    except RuntimeError:
        return None
    return SecretsFile(folder / "mnemosyne")


def in_environment(name: str = KEY) -> str | None:
    """The secret as a variable. An empty one is none."""
    return _known(os.environ.get(name, ""))


def kept(name: str = KEY, ask: AskKeychain = ask_keychain) -> Found:
    """The secret in the secrets file, else in the keychain. Raises SecretsUnusable for a file that cannot be opened."""
    file = secrets_file()
    if file and (value := _known(file.read().get(name, ""))):
        return Found(value, Place.FILE)
    answer = ask(name)
    value = _known(answer.value or "")
    return Found(value, Place.KEYCHAIN) if value else Found(trouble=answer.trouble)


def find(name: str = KEY, ask: AskKeychain = ask_keychain) -> Found:
    """The secret: environment, else secrets file, else keychain. Raises SecretsUnusable."""
    value = in_environment(name)
    return Found(value, Place.ENVIRONMENT) if value else kept(name, ask)


def _known(value: str) -> str | None:
    """The value without the ends that nobody sees, from now on hidden in what this process tells; None if empty."""
    value = value.strip()
    remember(value)
    return value or None


def is_sound(key: str) -> bool:
    """Whether it is one word that an HTTP header can carry."""
    return key.isascii() and key.isprintable() and " " not in key


class AgentKey:
    """Finds the API key whenever it is asked, which is at the first call and after a refusal.

    The variable is taken out of the environment, which tools inherit, and kept here.
    """

    def __init__(self, ask: AskKeychain = ask_keychain) -> None:
        self._ask = ask
        self._inherited: str | None = None

    def __call__(self) -> str | None:
        """Raises CredentialsRefused if one may be there and cannot be had."""
        self._inherited = self._inherited or in_environment()
        os.environ.pop(KEY, None)
        if self._inherited:
            return self._inherited
        try:
            found = kept(KEY, self._ask)
        except SecretsUnusable as error:
            raise CredentialsRefused(str(error)) from None
        if found.trouble:
            raise CredentialsRefused(f"no API key is found, and {found.trouble}; `mnemosyne doctor` says more")
        return found.value

    def __repr__(self) -> str:
        return "AgentKey()"


def without_key() -> dict[str, str]:
    """The environment of a process that has no business with the API key."""
    return {name: value for name, value in os.environ.items() if name != KEY}

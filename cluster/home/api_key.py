"""The API key that agents of this machine find, as a command asks for it: the keychain once."""

from functools import cache

from actors.secrecy import keys
from actors.secrecy.keys import Found

ask_keychain = cache(keys.ask_keychain)
"""A command asks once: it may take seconds."""


def find_key() -> Found:
    """The API key that agents of this machine find. Raises SecretsUnusable."""
    return keys.find(keys.KEY, ask_keychain)


def has_key() -> bool:
    """Whether there is one. Raises SecretsUnusable."""
    return find_key().value is not None


def keeps_key() -> bool:
    """Whether there is one outside of the environment, which agents find however they were started."""
    return keys.kept(keys.KEY, ask_keychain).value is not None


def inherits_key() -> bool:
    """Whether there is one in the environment, which the processes of a fleet inherit from `up`."""
    return keys.in_environment() is not None

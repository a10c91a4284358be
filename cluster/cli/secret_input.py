"""A secret as a person or a pipe gives it: never from the command line, which other users can read, never echoed."""

import getpass
import re
import sys
import warnings

import typer

from actors.errors import UserError
from actors.secrecy import keys
from actors.secrecy.secrets_file import LARGEST

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,99}")
PIPE = "-"


def name(text: str) -> str:
    """A name for a secret. Raises BadParameter."""
    if not NAME.fullmatch(text):
        raise typer.BadParameter("has to be letters, digits and _ . -, as in ANTHROPIC_API_KEY")
    return text


def source(words: list[str] | None) -> list[str] | None:
    """Where the value comes from. Raises BadParameter for anything that may be the value itself, without showing it."""
    if words and words != [PIPE]:
        told = "a value does not belong on the command line, where other users and the shell's history see it; "
        raise typer.BadParameter(told + "leave it out to be asked, or give - to read it from standard input")
    return words


def value(prompt: str, given: list[str] | None) -> str:
    """The value: asked for without an echo, or read from standard input. Raises UserError."""
    text = _piped() if given else asked(prompt)
    if not text.strip():
        raise UserError("the value is empty; nothing was changed")
    return text


def api_key(text: str) -> str:
    """The text as an API key. Raises UserError for what cannot be one, without showing it."""
    key = text.strip()
    if not keys.is_sound(key):
        raise UserError("this cannot be a key: it holds spaces or characters that no header may hold; copy it again")
    return key


def can_ask() -> bool:
    """Whether a person is there who can be asked without an echo."""
    return sys.stdin.isatty()


def asked(prompt: str) -> str:
    """What a person types, not shown; empty if they would rather not. Raises UserError."""
    if not can_ask():
        raise UserError(f"there is no terminal to ask at; pipe the value and end the command with {PIPE}")
    with warnings.catch_warnings():
        warnings.simplefilter("error", getpass.GetPassWarning)  # it would go on with an echo
        try:
            return getpass.getpass(f"{prompt} (not shown): ")
        except getpass.GetPassWarning:
            told = f"this terminal cannot hide what is typed; pipe the value and end the command with {PIPE}"
            raise UserError(told) from None
        except EOFError:
            return ""


def _piped() -> str:
    data = sys.stdin.buffer.read(LARGEST // 2 + 1)
    if len(data) > LARGEST // 2:
        raise UserError("the value is too long to be a secret; nothing was changed")
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise UserError("the value is not UTF-8 text; nothing was changed") from None
    return text.removesuffix("\n").removesuffix("\r")

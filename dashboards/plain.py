"""Text for people: nothing that a model, an item or an error says can move a cursor, change a colour or hide a word."""

import re
from typing import Any

UNSAFE = re.compile(
    # Control characters but tab and newline; 0x9b alone begins a command too.
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"
    # Invisible ones and those that turn the order of a line.
    "\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f"
    # Halves of surrogate pairs; no stream takes them.
    "\ud800-\udfff]"
)


def safe(text: str) -> str:
    """The text with every dangerous character spelt out, as in \\x1b. Lines and tabs stay."""
    return text if text.isprintable() else UNSAFE.sub(_spelt, text.replace("\r\n", "\n"))


def one_line(text: str) -> str:
    """The same on one line."""
    return text if text.isprintable() else safe(" ".join(text.split()))


def cut(text: str, limit: int) -> str:
    """At most so many characters; one that lost some ends with an ellipsis."""
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def clean(value: Any, limit: int) -> Any:
    """A JSON value in which every text, keys too, is safe and has at most so many characters."""
    match value:
        case str():
            return safe(cut(value, limit))
        case dict():
            return {safe(cut(key, limit)): clean(inner, limit) for key, inner in value.items()}
        case list() | tuple():
            return [clean(inner, limit) for inner in value]
        case _:
            return value


def _spelt(match: re.Match[str]) -> str:
    code = ord(match.group())
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"

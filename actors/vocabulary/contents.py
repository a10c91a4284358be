"""Texts on their way to the store: short ones stay where they are, long ones go by their hash."""

import hashlib

from actors.vocabulary.frozen import Frozen

INLINE_LIMIT = 4096
"""Bytes. Longer contents are stored once under their hash and only referred to."""


class Content(Frozen):
    """A text, here or in the store: exactly one of `text` and `ref` is set."""

    text: str | None = None
    ref: str | None = None
    """SHA-256 of the UTF-8 text, hex."""


class Shared(Frozen):
    """What an item is given that others are given too."""

    inputs: tuple[str, ...] = ()
    """Their names."""
    results: bool = False
    """Those of its dependencies, all of them."""


NOTHING_SHARED = Shared()


def stored(text: str, payloads: dict[str, str]) -> Content:
    """The text as events carry it; a long one goes into `payloads`. Raises UnicodeEncodeError for half a character."""
    data = text.encode()
    if len(data) <= INLINE_LIMIT:
        return Content(text=text)
    ref = hashlib.sha256(data).hexdigest()
    payloads[ref] = text
    return Content(ref=ref)

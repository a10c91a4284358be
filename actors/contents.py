"""Texts on their way to the store: short ones stay where they are, long ones go by their hash."""

import hashlib

from actors.work import INLINE_LIMIT, Content


def stored(text: str, payloads: dict[str, str]) -> Content:
    """The text as events carry it; a long one goes into `payloads`. Raises UnicodeEncodeError for half a character."""
    data = text.encode()
    if len(data) <= INLINE_LIMIT:
        return Content(text=text)
    ref = hashlib.sha256(data).hexdigest()
    payloads[ref] = text
    return Content(ref=ref)

"""Texts of others in what a model gets: data in a block whose end the text cannot write. Pure."""

import hashlib
import itertools
import json
import unicodedata
from functools import lru_cache

DIGITS = 12
"""Of the number in a block's marks."""

_quoted = json.JSONEncoder(ensure_ascii=False).encode


AT_HAND = 16
"""Texts that are kept as they were marked last: those that the items of a fan-out share are marked once."""


@lru_cache(AT_HAND)
def marked(kind: str, text: str, **labels: str) -> str:
    """The text between `<kind-NUMBER>` and `</kind-NUMBER>`; neither the text nor a label contains the number.

    The number comes from the text, so the same text makes the same prompt: a prompt cache finds it again, and an
    attempt that goes on after a crash asks the same question.
    """
    said = "".join([f" {name}={_quoted(value)}" for name, value in labels.items()])
    tag = f"{kind}-{number(text + said)}"
    return f"<{tag}{said}>\n{text}\n</{tag}>"


def number(text: str, digits: int = DIGITS) -> str:
    """Hexadecimal digits that the text does not contain, and that only the text decides."""
    data, low = text.encode(errors="backslashreplace"), text.lower()
    for count in itertools.count():
        found = hashlib.sha256(b"%d %b" % (count, data)).hexdigest()[:digits]
        if found not in low:
            break
    return found


def shortened(text: str, limit: int) -> str:
    """At most about `limit` characters: head and tail, and in the middle how much is missing."""
    if len(text) <= limit:
        return text
    head = limit // 2
    tail = limit - head
    return f"{text[:head]}\n[... {len(text) - limit} characters left out ...]\n{text[-tail:] if tail else ''}"


UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})
"""Unicode's controls, formats (directions, joiners, tags), lone halves, private and unassigned characters."""


def visible(text: str) -> str:
    """The text without characters that nobody sees; tab and newline stay."""
    return "".join(c for c in text if c in "\n\t" or unicodedata.category(c) not in UNSEEN)

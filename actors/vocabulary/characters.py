"""Half characters (lone surrogates): JSON can spell them and Python hold them, but no file and no socket takes them."""

import re

_ESCAPED = re.compile(
    r"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(u[dD][89a-fA-F][0-9a-fA-F]{2})|.)", re.DOTALL
)
"""Any escape of JSON from its beginning; the group is half a character."""

_MAY_BE_HALF = re.compile(r"\\u[dD][89a-fA-F]")


def whole(text: str) -> str:
    """The text with U+FFFD for each half character; two halves that fit become the one character."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def whole_json(text: str) -> str:
    """A JSON text whose texts are whole, however their halves are spelt; the same if it has none."""
    text = whole(text)
    return _ESCAPED.sub(_replaced, text) if _MAY_BE_HALF.search(text) else text


def _replaced(escape: re.Match[str]) -> str:
    return "\\ufffd" if escape[1] else escape[0]

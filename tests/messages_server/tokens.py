"""How many tokens a text counts here: a quarter of its characters, rounded up. Plausible, and the same every time."""

import json
from typing import Any

CHARACTERS = 4
"""Characters of a token, about what English has."""


def count(value: Any) -> int:
    """Tokens of a text, of a block, or of a list of blocks; what is no text counts as its JSON."""
    match value:
        case str():
            return -(-len(value) // CHARACTERS)
        case list():
            return sum(map(count, value))
        case {"type": "text", "text": str(text)} | {"type": "thinking", "thinking": str(text)}:
            return count(text)
        case {"content": content, "role": _}:
            return count(content)
        case None:
            return 0
    return count(json.dumps(value, ensure_ascii=False, separators=(",", ":")))


def prompt(body: dict[str, Any]) -> int:
    """Tokens of all that a request says: tools, system and messages."""
    return sum(count(body.get(part)) for part in ("tools", "system", "messages"))

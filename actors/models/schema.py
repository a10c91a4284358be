"""Output schemas on their way to a model: each adapter rewrites them to what its model can be held to.

The answer is checked against the original all the same.
"""

from collections.abc import Callable, Mapping
from typing import Any

Schema = dict[str, Any]
Change = Callable[[Schema, str], Schema]
"""From a part, whose own parts are changed already, and its place in the schema."""

NAMED = ("properties", "$defs", "definitions")
LISTED = ("anyOf", "oneOf", "allOf", "prefixItems")
SINGLE = ("items", "additionalProperties")


def rewrite(schema: Mapping[str, Any], change: Change, at: str = "$") -> Schema:
    """A copy with every part changed, the innermost first. Takes a valid schema."""
    copy = dict(schema)
    for word in NAMED:
        if isinstance(parts := copy.get(word), Mapping):
            copy[word] = {name: _part(part, change, f"{at}.{word}.{name}") for name, part in parts.items()}
    for word in LISTED:
        if isinstance(options := copy.get(word), list):
            copy[word] = [_part(part, change, f"{at}.{word}[{index}]") for index, part in enumerate(options)]
    for word in SINGLE:
        if word in copy:
            copy[word] = _part(copy[word], change, f"{at}.{word}")
    return change(copy, at)


def _part(part: Any, change: Change, at: str) -> Any:
    return rewrite(part, change, at) if isinstance(part, Mapping) else part

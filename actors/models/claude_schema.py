"""An output schema as the Messages API accepts it."""

from collections.abc import Mapping
from typing import Any

from actors.errors import RequestRefused
from actors.models.schema import Schema, rewrite


def wire_schema(schema: Mapping[str, Any]) -> Schema:
    """Every object closed; what the API does not know (minimum, pattern, …) is told in the descriptions instead.

    Raises RequestRefused for what cannot be put to Claude.
    """
    from anthropic import transform_schema

    plain = rewrite(schema, _plain)
    try:
        return transform_schema(plain)
    except Exception as error:
        raise _refused("$", str(error) or type(error).__name__) from None


def _plain(part: Schema, at: str) -> Schema:
    if isinstance(part.get("type"), list):
        return {"anyOf": [_plain({**part, "type": one}, at) for one in part["type"]]}
    if part.get("type") == "object" and not part.get("properties"):
        raise _refused(at, "an object without `properties`, which Claude would leave empty")
    return part


def _refused(at: str, why: str) -> RequestRefused:
    return RequestRefused(
        f"the output schema cannot be put to Claude: {at}: {why}; "
        "give each of its parts a `type` and each object its `properties`"
    )

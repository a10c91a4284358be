"""Output schemas as the real SDK puts them to Claude."""

from typing import Any

import pytest

from actors.errors import RequestRefused
from actors.models.claude_schema import wire_schema

NESTED = {
    "type": "object",
    "properties": {"a": {"$ref": "#/$defs/point"}},
    "$defs": {"point": {"type": "object", "properties": {"x": {"type": "number"}}}},
}


def test_claude_gets_closed_objects_and_no_word_that_it_refuses() -> None:
    wire = wire_schema({**NESTED, "required": ["a"], "maxProperties": 3})

    assert wire["additionalProperties"] is False
    assert wire["$defs"]["point"]["additionalProperties"] is False
    assert "maxProperties" not in wire
    assert "maxProperties: 3" in wire["description"]


def test_claude_gets_one_type_a_part() -> None:
    wire = wire_schema({"type": ["string", "null"], "maxLength": 3})

    assert [part["type"] for part in wire["anyOf"]] == ["string", "null"]


@pytest.mark.parametrize(
    ("schema", "told"),
    [
        ({"type": "object"}, r"\$: an object without `properties`"),
        ({"type": "object", "properties": {"a": {"type": "object"}}}, r"\$\.properties\.a: an object"),
        ({"type": "object", "properties": {"a": {}}}, "give each of its parts a `type`"),
        ({"type": "array", "items": True}, "output schema cannot be put to Claude"),
    ],
)
def test_claude_cannot_be_held_to_everything(schema: dict[str, Any], told: str) -> None:
    with pytest.raises(RequestRefused, match=told):
        wire_schema(schema)

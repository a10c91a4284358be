"""Schemas on their way to a model: every part is reached, and the original stays as it was."""

import copy
from typing import Any

import pytest

from actors.models.local import bounded
from actors.models.schema import rewrite

NESTED = {
    "type": "object",
    "properties": {"a": {"$ref": "#/$defs/point"}, "b": {"type": "array", "items": {"anyOf": [{"type": "string"}]}}},
    "$defs": {"point": {"type": "object", "properties": {"x": {"type": "number"}}}},
    "examples": [{"type": "string"}],
}


def test_rewrite_reaches_every_part_and_nothing_else() -> None:
    seen: list[str] = []

    def note(part: dict[str, Any], at: str) -> dict[str, Any]:
        seen.append(at)
        return part

    before = copy.deepcopy(NESTED)

    assert rewrite(NESTED, note) == before == NESTED
    assert sorted(seen) == [
        "$",
        "$.$defs.point",
        "$.$defs.point.properties.x",
        "$.properties.a",
        "$.properties.b",
        "$.properties.b.items",
        "$.properties.b.items.anyOf[0]",
    ]


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        ({"type": "string"}, {"type": "string", "maxLength": 400}),
        ({"type": "string", "minLength": 900}, {"type": "string", "minLength": 900, "maxLength": 900}),
        ({"type": "string", "maxLength": 5000}, {"type": "string", "maxLength": 5000}),
        ({"type": "string", "pattern": "^a$"}, {"type": "string", "pattern": "^a$"}),
        ({"type": "array"}, {"type": "array", "maxItems": 8}),
        ({"type": "array", "minItems": 20}, {"type": "array", "minItems": 20, "maxItems": 20}),
        ({"type": "integer"}, {"type": "integer"}),
    ],
)
def test_the_local_model_gets_limits(part: dict[str, Any], expected: dict[str, Any]) -> None:
    assert bounded(part, "$") == expected

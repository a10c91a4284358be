"""The values that the scripted model makes up: they fit, or the answer says that it does not."""

import json
from typing import Any

import pytest

from actors.errors import AnswerInvalid
from actors.models.answer import parse
from actors.models.port import Message, Request
from actors.models.scripted import ScriptedModel

FITTED: list[tuple[dict[str, Any], Any]] = [
    ({"const": [1]}, [1]),
    ({"enum": ["b", "a"]}, "b"),
    ({"type": "boolean"}, False),
    ({"type": "null"}, None),
    ({"type": ["null", "string"]}, None),
    ({}, None),
    ({"type": "string", "maxLength": 7}, "Scripte"),
    ({"type": "string", "maxLength": 0}, ""),
    ({"type": "string", "format": "date"}, "2026-01-01"),
    ({"type": "integer"}, 0),
    ({"type": "integer", "minimum": 3}, 3),
    ({"type": "integer", "minimum": 2.5}, 3),
    ({"type": "integer", "exclusiveMinimum": 3}, 4),
    ({"type": "integer", "maximum": -3}, -3),
    ({"type": "integer", "exclusiveMaximum": -3, "multipleOf": 5}, -5),
    ({"type": "integer", "minimum": 11, "multipleOf": 10}, 20),
    ({"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1}, 0.5),
    ({"minimum": 2}, 2),
    ({"type": "array"}, []),
    ({"type": "array", "items": {"type": "integer"}, "minItems": 2}, [0, 0]),
    ({"prefixItems": [{"const": 1}], "type": "array", "minItems": 2, "items": {"const": 2}}, [1, 2]),
    ({"type": "object", "properties": {"a": {"const": 1}, "b": {}}, "required": ["a"]}, {"a": 1}),
    ({"required": ["a"], "properties": {"a": {"const": 1}}}, {"a": 1}),
    ({"anyOf": [{"type": "integer"}, {"type": "string"}]}, 0),
    ({"oneOf": [{"const": 1}, {"const": 2}]}, 1),
    ({"type": "object", "properties": {"k": {"const": 1}}, "anyOf": [{"required": ["k"]}]}, {"k": 1}),
    ({"allOf": [{"properties": {"a": {"const": 1}}, "required": ["a"]}, {"required": ["b"]}]}, ...),
    ({"$ref": "#/$defs/x~1y", "$defs": {"x/y": {"const": 9}}}, 9),
    (
        {"type": "object", "required": ["next"], "properties": {"next": {"anyOf": [{"type": "null"}, {"$ref": "#"}]}}},
        ...,
    ),
]


async def made(schema: dict[str, Any]) -> Any:
    request = Request(model="scripted", messages=(Message(role="user", text="Make one."),), output=schema)
    return (await ScriptedModel().complete(request)).parsed


@pytest.mark.parametrize(("schema", "expected"), FITTED)
async def test_what_is_made_fits(schema: dict[str, Any], expected: Any) -> None:
    value = await made(schema)

    assert expected is ... or value == expected
    assert parse(json.dumps(value), schema) == value


async def test_a_long_string_is_filled() -> None:
    assert len(await made({"type": "string", "minLength": 500})) == 500


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "string", "pattern": "^[A-Z]{3}$"},
        {"type": "array", "minItems": 2, "uniqueItems": True, "items": {"type": "integer"}},
        {"not": {}},
        {"type": "object", "minProperties": 1},
        {"type": "integer", "minimum": 5, "maximum": 4},
        {"type": "object", "required": ["next"], "properties": {"next": {"$ref": "#"}}},
        {"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/a"}}},
    ],
)
async def test_what_cannot_be_made_is_said(schema: dict[str, Any]) -> None:
    with pytest.raises(AnswerInvalid):
        await made(schema)

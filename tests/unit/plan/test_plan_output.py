"""Output schemas: what would break at the first answer is refused before the first call."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from actors.errors import PlanRefused
from cluster.plan import load


def judged(folder: Path, *schemas: Any) -> list[tuple[str, str, str]]:
    """(place below output, message, cure) of every mistake."""
    items = [{"id": f"i{n}", "description": "do", "output": schema} for n, schema in enumerate(schemas)]
    path = folder / "plan.json"
    path.write_text(json.dumps({"items": items}))
    try:
        load(path)
    except PlanRefused as error:
        return [(found.where.partition(".output")[2], found.message, found.cure) for found in error.mistakes]
    return []


GOOD = [
    {},
    {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]},
    {"$ref": "#/$defs/a~1b", "$defs": {"a/b": {"type": "string"}}},
    {"$ref": "#/definitions/a%20b", "definitions": {"a b": True}},
    {"type": "object", "properties": {"child": {"$ref": "#"}}},
    {"anyOf": [{"type": "string"}, {"type": "array", "items": {"$ref": "#"}}]},
    {"allOf": [{"$ref": "#/allOf/1"}, {"type": "string"}]},
    {"properties": {"$ref": {"type": "string"}, "$id": {"type": "string"}}},
    {"const": {"$ref": "http://example.org"}},
    {"dependentSchemas": {"a": {"required": ["b"]}}},
]


@pytest.mark.parametrize("schema", GOOD)
def test_schemas_that_work_are_accepted(tmp_path: Path, schema: Any) -> None:
    assert judged(tmp_path, schema) == []


@pytest.mark.parametrize(
    ("schema", "place", "message"),
    [
        ({"type": "strng"}, ".type", '"strng" is no type of JSON schema'),
        ({"type": ["string", "strng"]}, ".type", "this is no JSON schema"),
        ({"properties": {"a": {"type": "integr"}}}, ".properties.a.type", '"integr" is no type'),
        ({"properties": [1]}, ".properties", "is not of type 'object'"),
        ({"required": "a"}, ".required", "is not of type 'array'"),
        ({"pattern": "["}, ".pattern", "is not a 'regex'"),
        ({"patternProperties": {"[": {}}}, ".patternProperties", "is not a 'regex'"),
        ({"multipleOf": 0}, ".multipleOf", "this is no JSON schema"),
        ({"$ref": "http://example.org/x"}, "", "leads to no schema in here"),
        ({"$ref": "other.json"}, "", "leads to no schema in here"),
        ({"$ref": "#/$defs/none"}, "", "leads to no schema in here"),
        ({"$ref": "#/allOf/7", "allOf": [{}]}, "", "leads to no schema in here"),
        ({"items": {"$ref": "#/required/0"}, "required": ["a"]}, ".items", "leads to no schema in here"),
        ({"items": {"$ref": "#/x/y"}, "x": {"y": {"type": "strng"}}}, ".items", "leads to no schema in here"),
        ({"$ref": "#name"}, "", "leads to no schema in here"),
        ({"items": {"$id": "http://example.org"}}, ".items", "$id is not supported"),
        ({"$dynamicRef": "#"}, "", "$dynamicRef is not supported"),
        ({"$ref": "#"}, "", "refers to itself without end"),
        ({"items": {"allOf": [{"$ref": "#/items"}]}}, ".items", "refers to itself without end"),
        ({"$ref": "#/$defs/a", "$defs": {"a": {"not": {"$ref": "#"}}}}, "", "refers to itself without end"),
        ({"dependentSchemas": {"a": {"$ref": "#"}}}, "", "refers to itself without end"),
        ({"then": {"else": {"$ref": "#"}}}, "", "refers to itself without end"),
        ("text", "", "expected a mapping of a JSON schema"),
        (True, "", "expected a mapping of a JSON schema"),
    ],
)
def test_schemas_that_break_are_refused_at_their_place(tmp_path: Path, schema: Any, place: str, message: str) -> None:
    found = judged(tmp_path, schema)
    assert found[0][0] == place
    assert message in found[0][1]


def test_every_bad_place_of_a_schema_is_told(tmp_path: Path) -> None:
    schema = {"type": "strng", "minimum": "x", "properties": {"a": {"required": 3}}}
    assert {place for place, _, _ in judged(tmp_path, schema)} == {".type", ".minimum", ".properties.a.required"}


def test_equal_schemas_are_all_judged(tmp_path: Path) -> None:
    assert len(judged(tmp_path, {"type": "strng"}, {"type": "string"}, {"type": "strng"})) == 2


@pytest.mark.parametrize("keyword", ["not", "items"])
def test_the_deepest_schema_that_a_plan_can_hold_is_judged_and_works(tmp_path: Path, keyword: str) -> None:
    schema: dict[str, Any] = {}
    for _ in range(28):
        schema = {keyword: schema}
    assert judged(tmp_path, schema) == []
    assert Draft202012Validator(schema).is_valid("text")
    assert "nested too deeply" in judged(tmp_path, {keyword: schema})[0][1]


keywords = st.sampled_from(["allOf", "items", "not", "properties", "$ref", "type", "$defs", "if", "required", "enum"])
values: st.SearchStrategy[Any] = st.recursive(
    st.sampled_from(["#", "#/$defs/a", "#/properties/a", "#/allOf/0", "string", "x", None, True, 1]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keywords | st.just("a"), inner, max_size=3),
    max_leaves=12,
)


@settings(max_examples=150)
@given(st.dictionaries(keywords, values, max_size=4), values)
def test_an_accepted_schema_judges_any_answer(
    tmp_path_factory: pytest.TempPathFactory, schema: dict[str, Any], answer: Any
) -> None:
    if judged(tmp_path_factory.mktemp("plan"), schema) == []:
        Draft202012Validator(schema).is_valid(answer)  # must not raise

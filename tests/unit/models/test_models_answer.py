"""The check of an answer: mistakes are told with their place, and a schema at fault is not the model's fault."""

import json

import pytest

from actors.errors import AnswerInvalid, RequestRefused
from actors.models.answer import DEEPEST, parse

SCHEMA = {
    "type": "object",
    "properties": {
        "title": {"type": "string", "maxLength": 10},
        "points": {"type": "array", "items": {"type": "integer"}},
    },
    "required": ["title"],
}


def test_what_fits_comes_back_as_a_value() -> None:
    assert parse(' {"title": "Déjà", "points": [1]}\n', SCHEMA) == {"title": "Déjà", "points": [1]}
    assert parse("null", {}) is None


def test_mistakes_are_told_with_their_places() -> None:
    with pytest.raises(
        AnswerInvalid, match=r"\$\.title: .* is too long; \$\.points\[1\]: 'two' is not of type 'integer'"
    ):
        parse('{"title": "longer than ten", "points": [1, "two"]}', SCHEMA)


def test_only_a_few_mistakes_are_told_and_each_is_cut() -> None:
    answer = '{"title": "x", "points": [' + ", ".join('"' + "y" * 5000 + '"' for _ in range(100)) + "]}"

    with pytest.raises(AnswerInvalid) as caught:
        parse(answer, SCHEMA)

    assert str(caught.value).count("$.points") == 5
    assert len(str(caught.value)) < 1500


@pytest.mark.parametrize("text", ["\\ud83d", "\ud83d"])
def test_half_a_character_is_replaced_before_the_answer_is_checked(text: str) -> None:
    assert parse(f'{{"title": "cut {text}", "{text}": 1}}', SCHEMA) == {"title": "cut \ufffd", "\ufffd": 1}
    with pytest.raises(AnswerInvalid) as caught:
        parse(f'{{"title": ["{text}"]}}', SCHEMA)
    str(caught.value).encode()
    caught.value.blocks[0].model_dump_json()


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "-1e999"])
def test_a_number_that_json_does_not_have_is_no_answer(number: str) -> None:
    with pytest.raises(AnswerInvalid, match="not JSON: "):
        parse(f'{{"title": "x", "score": {number}}}', SCHEMA)
    assert parse('{"title": "x", "score": 1e300}', SCHEMA)["score"] == 1e300


@pytest.mark.parametrize("nest", ['["]"]', '{"a": 1}'])
def test_what_others_could_not_write_again_is_no_answer(nest: str) -> None:
    before, _, after = nest.partition('"]"' if nest[0] == "[" else "1")

    def deep(levels: int) -> str:
        return before * levels + "1" + after * levels

    assert json.loads(deep(DEEPEST)) == parse(deep(DEEPEST), {})
    for levels in (DEEPEST + 1, 900):
        with pytest.raises(AnswerInvalid, match=f"nested more than {DEEPEST} deep") as caught:
            parse(deep(levels), {})
        assert caught.value.blocks


@pytest.mark.parametrize("text", ["", "Sure! {}", '{"title": NaN}', "[" * 100_000, '{"title": "x"', "{'title': 1}"])
def test_other_texts_are_no_json(text: str) -> None:
    with pytest.raises(AnswerInvalid, match="not JSON"):
        parse(text, SCHEMA)


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "nonsense"},
        {"properties": []},
        {"$ref": "#/$defs/missing"},
        {"$ref": "https://example.org/schema.json"},
        {"$ref": "#"},
        {"type": "object", "patternProperties": {"(": {}}},
    ],
)
def test_a_schema_at_fault_refuses_the_request(schema: dict[str, object]) -> None:
    with pytest.raises(RequestRefused, match="output schema"):
        parse('{"a": 1}', schema)


def test_another_draft_is_followed() -> None:
    schema = {"$schema": "http://json-schema.org/draft-07/schema#", "items": [{"type": "integer"}]}

    assert parse("[1, 2]", schema) == [1, 2]
    with pytest.raises(AnswerInvalid):
        parse('["one"]', schema)

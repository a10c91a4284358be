"""Half characters (lone surrogates): whoever spells one, what comes of it can be written."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.vocabulary.characters import whole, whole_json

ANY_TEXT = st.text(st.characters() | st.characters(categories=["Cs"]))
VALUES = st.recursive(
    st.none() | st.integers() | ANY_TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ANY_TEXT, inner, max_size=3),
    max_leaves=8,
)


def wholly(value: Any) -> Any:
    match value:
        case str():
            return whole(value)
        case dict():
            return {whole(key): wholly(inner) for key, inner in value.items()}
        case list():
            return [wholly(inner) for inner in value]
    return value


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("fine 😀", "fine 😀"),
        ("cut \ud83d", "cut \ufffd"),
        ("\ude00 first", "\ufffd first"),
        ("\ud83d\ude00", "😀"),
        ("\ud83d\ud83d\ude00x\ude00", "\ufffd😀x\ufffd"),
    ],
)
def test_halves_are_replaced_and_two_that_fit_are_one(text: str, told: str) -> None:
    assert whole(text) == told
    assert json.loads(whole_json(json.dumps([text]))) == [told]
    assert json.loads(whole_json(json.dumps([text], ensure_ascii=False))) == [told]


@pytest.mark.parametrize(
    "text", [r'"\\ud83d"', r'"\\\\uDE00 \" \n"', r'"\uD83D\uDe00"', '"ud83d"', "no JSON \\", "\\u"]
)
def test_what_only_looks_like_one_stays(text: str) -> None:
    assert whole_json(text) == text


@given(ANY_TEXT)
def test_any_text_can_be_written(text: str) -> None:
    assert whole(text).encode().decode() == whole(text)


@given(VALUES, st.booleans())
def test_a_value_keeps_its_shape(value: Any, escaped: bool) -> None:
    assert json.loads(whole_json(json.dumps(value, ensure_ascii=escaped))) == wholly(value)

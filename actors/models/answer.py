"""The check of a model's text against the schema it was asked for: what passes fits the schema."""

import json
from collections.abc import Mapping
from functools import lru_cache
from itertools import islice
from math import isinf
from typing import TYPE_CHECKING, Any, NoReturn

from actors.errors import AnswerInvalid, RequestRefused
from actors.models.blocks import Text
from actors.vocabulary.characters import whole, whole_json

if TYPE_CHECKING:
    from jsonschema.protocols import Validator

TOLD = 5
"""So many mistakes of an answer are told; the model is asked again with them."""

TOLD_CHARACTERS = 200
"""Of each."""

DEEPEST = 200
"""Lists and objects within each other at most: what is read here is read and written again by everybody after it, and
Python's json ends at about a thousand calls, those around it included."""


def parse(text: str, schema: Mapping[str, Any]) -> Any:
    """The JSON value of `text`, every text in it whole.

    Raises AnswerInvalid with the mistakes, RequestRefused if the schema is at fault.
    """
    validator = _validator(json.dumps(dict(schema)))
    text = whole(text)
    try:
        return _parsed(text, validator)
    except AnswerInvalid as error:
        error.blocks = (Text(text=text),)
        raise


def _parsed(text: str, validator: "Validator") -> Any:
    try:
        value = json.loads(whole_json(text), parse_constant=_no_constant, parse_float=_finite)
    except (ValueError, RecursionError) as error:
        raise AnswerInvalid(f"the answer is not JSON: {error or type(error).__name__}") from None
    if _depth(value) > DEEPEST:
        raise AnswerInvalid(f"the answer is nested more than {DEEPEST} deep")
    try:
        mistakes = [_told(error) for error in islice(validator.iter_errors(value), TOLD)]
    except Exception as error:  # a pattern, a reference or a recursion that fails only when it is applied
        raise RequestRefused(f"the output schema cannot be applied: {_cut(str(error))}") from None
    if mistakes:
        raise AnswerInvalid("the answer does not fit the output schema: " + "; ".join(mistakes))
    return value


@lru_cache(maxsize=256)
def _validator(schema: str) -> "Validator":
    from jsonschema import Draft202012Validator, SchemaError
    from jsonschema.validators import validator_for
    from referencing import Registry

    loaded = json.loads(schema)
    draft = validator_for(loaded, default=Draft202012Validator)
    try:
        draft.check_schema(loaded)
    except SchemaError as error:
        raise RequestRefused(f"the output schema is no JSON schema: {_cut(error.message)}") from None
    # A registry of our own, because the default one fetches references from the network.
    return draft(loaded, registry=Registry())


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _finite(literal: str) -> float:
    number = float(literal)
    if isinf(number):
        raise ValueError(f"{_cut(literal)} is too large for a number")
    return number


def _depth(value: Any) -> int:
    """Of lists and objects within each other; without recursion."""
    depth, level = 0, [value]
    while level := [one for one in level if isinstance(one, list | dict)]:
        depth += 1
        level = [child for one in level for child in (one.values() if isinstance(one, dict) else one)]
    return depth


def _told(error: Any) -> str:
    return f"{error.json_path}: {_cut(error.message)}"


def _cut(text: str) -> str:
    return text if len(text) <= TOLD_CHARACTERS else text[: TOLD_CHARACTERS - 1] + "…"

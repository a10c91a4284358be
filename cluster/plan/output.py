"""Output schemas of items: valid JSON schemas that refer to nothing outside and end for every answer."""

import json
from collections.abc import Iterator

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from cluster.plan.mistakes import Mistakes, quote
from cluster.plan.references import Fault, Schema, reference_faults
from cluster.plan.spot import Spot

_META = Draft202012Validator(Draft202012Validator.META_SCHEMA, format_checker=Draft202012Validator.FORMAT_CHECKER)
_TYPES = ("array", "boolean", "integer", "null", "number", "object", "string")


class OutputSchemas:
    """Checks output schemas; equal ones once, because a check takes about 1 ms."""

    def __init__(self, mistakes: Mistakes) -> None:
        self._mistakes = mistakes
        self._valid: set[str] = set()

    def read(self, spot: Spot) -> Schema | None:
        """The schema; None after adding mistakes."""
        before = len(self._mistakes)
        if spot.mapping("a JSON schema") is None:
            return None
        schema: Schema = spot.data()
        form = json.dumps(schema)
        if form not in self._valid and len(self._mistakes) == before:
            for path, message, cure in _faults(schema):
                spot.inner(path).wrong(message, cure)
        if len(self._mistakes) > before:
            return None
        self._valid.add(form)
        return schema


def _faults(schema: Schema) -> Iterator[Fault]:
    """One fault for each place; references only where the schema is well-formed."""
    malformed = {tuple(error.absolute_path): error for error in _META.iter_errors(schema)}
    yield from ((path, *_told(error)) for path, error in malformed.items())
    if not malformed:
        yield from reference_faults(schema)


def _told(error: ValidationError) -> tuple[str, str]:
    keyword = str(error.absolute_path[-1]) if error.absolute_path else "output"
    if keyword == "type" and isinstance(error.instance, str):
        return f"{quote(error.instance)} is no type of JSON schema", f"types are {', '.join(_TYPES)}"
    return f"this is no JSON schema: {error.message[:200]}", f"correct {quote(keyword)} (JSON schema 2020-12)"

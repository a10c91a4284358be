"""Schemas inside an output schema and what they refer to: only to each other, and never in a circle."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

from referencing.jsonschema import DRAFT202012

from cluster.plan.mistakes import quote
from cluster.run.graph import cycles

Schema = dict[str, Any]
Path = tuple[str | int, ...]
Fault = tuple[Path, str, str]
"""Path within the schema, message, cure."""

_REFUSED = ("$id", "$anchor", "$dynamicRef", "$dynamicAnchor")
"""They change what a $ref means."""
_SAME_VALUE = ("allOf", "anyOf", "oneOf", "not", "if", "then", "else", "dependentSchemas")
"""Keywords whose schemas judge the same value; a circle of these and $ref never ends."""
_CURE = "write the definition under $defs of this schema and refer to it as #/$defs/..."


def reference_faults(schema: Schema) -> Iterator[Fault]:
    """What is wrong with the references of a schema that is well-formed."""
    places = _places(schema)
    inside = {id(part): part for part in _subschemas(schema)}
    references: dict[int, int] = {}
    for part in inside.values():
        place = places[id(part)]
        for keyword in _REFUSED:
            if keyword in part:
                yield place, f"{keyword} is not supported in an output schema", _CURE
        if "$ref" in part:
            target = _target(schema, part["$ref"])
            references[id(part)] = id(target)
            if not isinstance(target, bool) and id(target) not in inside:
                yield place, f"$ref {quote(part['$ref'])} leads to no schema in here", _CURE
    if circle := next(cycles(_judged(inside, references)), None):
        yield places[int(circle[0])], "the schema refers to itself without end", "break the circle of $ref"


def _places(schema: Schema) -> dict[int, Path]:
    """Where every mapping of the schema is, by identity."""
    places: dict[int, Path] = {}
    ahead: list[tuple[Any, Path]] = [(schema, ())]
    for value, path in ahead:  # grows while it is walked
        if isinstance(value, dict):
            places[id(value)] = path
            ahead.extend((inner, (*path, key)) for key, inner in value.items())
        elif isinstance(value, list):
            ahead.extend((inner, (*path, index)) for index, inner in enumerate(value))
    return places


def _subschemas(schema: Schema) -> Iterator[Schema]:
    """A schema and all schemas inside it, without those that are just true or false."""
    ahead = [DRAFT202012.create_resource(schema)]
    for resource in ahead:  # grows while it is walked
        if isinstance(resource.contents, dict):
            yield resource.contents
            ahead.extend(resource.subresources())


def _target(schema: Schema, reference: str) -> Any:
    """What a reference like #/$defs/a leads to; None when it leads nowhere or outside."""
    if reference != "#" and not reference.startswith("#/"):
        return None
    here: Any = schema
    for part in unquote(reference).split("/")[1:]:
        key = part.replace("~1", "/").replace("~0", "~")
        if isinstance(here, dict):
            here = here.get(key)
        elif isinstance(here, list) and key in map(str, range(len(here))):
            here = here[int(key)]
        else:
            return None
    return here


def _judged(inside: dict[int, Schema], references: dict[int, int]) -> dict[str, list[str]]:
    """Schema -> schemas that judge the same value, by identity."""
    judged = {}
    for number, part in inside.items():
        inner = [id(value) for keyword in _SAME_VALUE for value in _listed(part.get(keyword))]
        target = [references[number]] if number in references else []
        judged[str(number)] = [str(other) for other in inner + target if other in inside]
    return judged


def _listed(value: Any) -> list[Any]:
    """The schemas of a keyword: one, a list of them, or one for each property."""
    if isinstance(value, list):
        return value
    return [value, *value.values()] if isinstance(value, dict) else []

"""A small value that fits a JSON schema, without a model. Common keywords only; what is made is checked elsewhere."""

from collections.abc import Mapping
from math import ceil, floor, inf
from typing import Any

from actors.errors import AnswerInvalid

DEPTH = 20
"""A schema that refers to itself deeper than this has no small example."""

FORMATS = {
    "date-time": "2026-01-01T00:00:00Z",
    "date": "2026-01-01",
    "time": "00:00:00Z",
    "email": "someone@example.org",
    "uri": "https://example.org",
    "uuid": "00000000-0000-4000-8000-000000000000",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "hostname": "example.org",
}


def example(schema: Mapping[str, Any], text: str) -> Any:
    """The smallest value that the schema describes; `text` is used for strings. Raises AnswerInvalid."""
    return _Maker(schema, text).make(schema, 0)


class _Maker:
    def __init__(self, root: Mapping[str, Any], text: str) -> None:
        self._root, self._text = root, text

    def make(self, schema: Any, depth: int) -> Any:
        if depth > DEPTH:
            raise AnswerInvalid(f"the scripted model cannot fit a schema that nests deeper than {DEPTH}")
        part = self._resolved(schema if isinstance(schema, Mapping) else {})
        if "const" in part or part.get("enum"):
            return part["const"] if "const" in part else part["enum"][0]
        if options := part.get("anyOf") or part.get("oneOf"):
            rest = {word: value for word, value in part.items() if word not in ("anyOf", "oneOf")}
            return self.make(_merged(rest, self._resolved(options[0])), depth + 1)
        return self._of_type(part, depth)

    def _of_type(self, part: Mapping[str, Any], depth: int) -> Any:
        match _type(part):
            case "object":
                return self._object(part, depth)
            case "array":
                return self._array(part, depth)
            case "string":
                return self._string(part)
            case "integer" | "number" as kind:
                return _number(part, whole=kind == "integer")
            case kind:
                return False if kind == "boolean" else None

    def _resolved(self, part: Mapping[str, Any]) -> Mapping[str, Any]:
        for _ in range(DEPTH):
            if "$ref" in part:
                rest = {word: value for word, value in part.items() if word != "$ref"}
                part = _merged(rest, self._at(part["$ref"]))
            elif "allOf" in part:
                rest = {word: value for word, value in part.items() if word != "allOf"}
                for more in part["allOf"]:
                    rest = _merged(rest, self._resolved(more))
                part = rest
            else:
                return part
        raise AnswerInvalid("the scripted model cannot follow the references of the output schema")

    def _at(self, ref: str) -> Mapping[str, Any]:
        part: Any = self._root
        for name in ref.removeprefix("#").split("/")[1:]:
            part = part.get(name.replace("~1", "/").replace("~0", "~")) if isinstance(part, Mapping) else None
        if not ref.startswith("#") or not isinstance(part, Mapping):
            raise AnswerInvalid(f"the scripted model cannot follow the reference {ref!r:.100} of the output schema")
        return part

    def _object(self, part: Mapping[str, Any], depth: int) -> dict[str, Any]:
        properties = part.get("properties", {})
        return {
            name: self.make(properties.get(name, {"type": "string"}), depth + 1) for name in part.get("required", ())
        }

    def _array(self, part: Mapping[str, Any], depth: int) -> list[Any]:
        first = [self.make(item, depth + 1) for item in part.get("prefixItems", ())]
        missing = max(0, part.get("minItems", 0) - len(first))
        return first + [self.make(part.get("items", {"type": "string"}), depth + 1)] * missing

    def _string(self, part: Mapping[str, Any]) -> str:
        text = FORMATS.get(part.get("format", ""), self._text)
        return text.ljust(part.get("minLength", 0), ".")[: part.get("maxLength")]


def _type(part: Mapping[str, Any]) -> str:
    kind = part.get("type")
    if isinstance(kind, list):
        return str(kind[0])
    if kind is None:
        return next((name for word, name in _HINTS if word in part), "null")
    return str(kind)


_HINTS = (
    ("properties", "object"),
    ("required", "object"),
    ("items", "array"),
    ("minItems", "array"),
    ("minLength", "string"),
    ("maxLength", "string"),
    ("pattern", "string"),
    ("format", "string"),
    ("minimum", "number"),
    ("maximum", "number"),
    ("multipleOf", "number"),
)


def _number(part: Mapping[str, Any], *, whole: bool) -> int | float:
    step = part.get("multipleOf", 1)
    low = max(part.get("minimum", -inf), part.get("exclusiveMinimum", -inf))
    high = min(part.get("maximum", inf), part.get("exclusiveMaximum", inf))
    tries: list[int | float] = [0]
    if low > -inf:
        tries += [ceil(low / step) * step, (ceil(low / step) + 1) * step, low]
    if high < inf:
        tries += [floor(high / step) * step, (floor(high / step) - 1) * step, high]
    if -inf < low and high < inf and not whole:
        tries.append((low + high) / 2)
    return next((value for value in tries if _allowed(value, part, low, high)), 0)


def _allowed(value: float, part: Mapping[str, Any], low: float, high: float) -> bool:
    return low <= value <= high and value not in (part.get("exclusiveMinimum"), part.get("exclusiveMaximum"))


def _merged(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    merged = {**one, **other}
    for word in ("properties", "$defs"):
        if word in one and word in other:
            merged[word] = {**one[word], **other[word]}
    if "required" in one and "required" in other:
        merged["required"] = list(dict.fromkeys([*one["required"], *other["required"]]))
    return merged

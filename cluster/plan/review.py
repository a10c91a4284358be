"""How a plan has an item reviewed."""

from typing import Any

from pydantic import ValidationError

from actors.vocabulary.review import REQUIREMENTS, Exhausted, Gate, Review
from cluster.plan.fields import read_fields
from cluster.plan.mistakes import quote
from cluster.plan.names import read_model
from cluster.plan.schema import ITEM, REVIEW
from cluster.plan.spot import Spot

TESTS = Gate.TESTS_PASSING.value
GATES = [gate.value for gate in Gate]
ENDS = [what.value for what in Exhausted]


def read_requirements(spot: Spot) -> tuple[str, ...]:
    """Texts, each once."""
    entries = spot.listing("texts") or []
    if len(entries) > REQUIREMENTS:
        spot.wrong(f"{len(entries)} requirements are too many", f"at most {REQUIREMENTS}; split the item")
        return ()
    return _each_once(entries, ITEM["requirements"]["items"])


def read_review(spot: Spot) -> Review | None:
    """Gates, the command of the tests, how often, and what then; None after a mistake."""
    fields = read_fields(spot, "the keys of a review", REVIEW, ())
    values: dict[str, Any] = {}
    if "gates" in fields:
        values["gates"] = _gates(fields["gates"])
    if "tests" in fields:
        entries = fields["tests"].listing("program and arguments") or []
        words = [entry.text(REVIEW["tests"]["items"]) for entry in entries]
        values["tests"] = tuple(word for word in words if word is not None)
    if "max_attempts" in fields:
        values["max_attempts"] = fields["max_attempts"].whole(REVIEW["max_attempts"])
    if "on_exhausted" in fields:
        values["on_exhausted"] = _named(fields["on_exhausted"], "no way out", ENDS)
    if "model" in fields:
        values["model"] = read_model(fields["model"])
    _check_tests(spot, fields, values.get("gates") or ())
    try:
        return None if None in values.values() else Review(**values)
    except ValidationError:  # told above
        return None


def check_together(fields: dict[str, Spot]) -> None:
    """Add the mistakes of keys of an item that need, or exclude, each other."""
    if "expand" in fields and "review" in fields:
        fields["review"].wrong("what becomes items of the run is not reviewed as a text", "review those, or the end")
    if "extract" in fields and "requirements" in fields:
        fields["extract"].wrong("the requirements are there already", "remove extract, or the requirements")
    elif "extract" in fields and "review" not in fields:
        fields["extract"].wrong("requirements are extracted for a review, and there is none", "add review: {}")


def _check_tests(spot: Spot, fields: dict[str, Spot], gates: tuple[str, ...]) -> None:
    if TESTS in gates and "tests" not in fields:
        fields["gates"].wrong(f"the gate {TESTS} needs a command", "add tests, as in tests: [python3, -m, unittest]")
    if "tests" in fields and TESTS not in gates:
        spot.wrong("the command of the tests has no gate", f"add {TESTS} to gates, or remove tests")


def _gates(spot: Spot) -> tuple[str, ...] | None:
    entries = spot.listing("gates")
    if entries is not None and not entries:
        spot.wrong("there is no gate", "name one, or remove the key")
    found = [_named(entry, "no gate", GATES) for entry in entries or ()]
    names = [name for name in found if name is not None]
    for entry, name in zip(entries or (), found, strict=True):
        if name and names.count(name) > 1:
            entry.wrong(f"{quote(name)} is there twice", "name it once")
            return None
    return tuple(names) or None


def _named(spot: Spot, message: str, valid: list[str]) -> str | None:
    name = spot.text({})
    if name is None or name in valid:
        return name
    spot.unknown(message, name, valid, f"write one of {', '.join(valid)}")
    return None


def _each_once(entries: list[Spot], limits: dict[str, Any]) -> tuple[str, ...]:
    found: list[str] = []
    for entry in entries:
        text = entry.text(limits)
        if text is not None and text in found:
            entry.wrong(f"{quote(text)} is there twice", "write it once")
        elif text is not None:
            found.append(text)
    return tuple(found)

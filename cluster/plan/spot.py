"""One place in a plan: a value, its line and its path. Reading it gives the right type or adds a mistake."""

import re
from collections.abc import Collection
from typing import Any

from cluster.plan.mistakes import Mistakes, quote
from cluster.plan.tree import Listing, Mapping, Node, Scalar, step

Limits = dict[str, Any]
"""JSON schema of a text or number: minimum, maximum, exclusiveMinimum, maxLength."""


class Spot:
    """A value of the plan. Every reader returns None after adding a mistake."""

    __slots__ = ("_mistakes", "_node", "line", "where")

    def __init__(self, node: Node, where: str, mistakes: Mistakes, line: int | None = None) -> None:
        self._node = node
        self._mistakes = mistakes
        self.where = where
        self.line = node.line if line is None else line

    def wrong(self, message: str, cure: str) -> None:
        """Add a mistake at this place."""
        self._mistakes.add(self.line, self.where, message, cure)

    def unknown(self, message: str, name: str, valid: Collection[str], otherwise: str) -> str | None:
        """Add a mistake about a name; the cure is the nearest valid one, which is returned."""
        nearest = self._mistakes.nearest(name, valid)
        self.wrong(f"{message} {quote(name)}", f"did you mean {quote(nearest)}?" if nearest else otherwise)
        return nearest

    def text(self, limits: Limits) -> str | None:
        """A text that says something."""
        node = self._node
        if not isinstance(node, Scalar) or node.doubt or not isinstance(node.value, str):
            self._expected("a text", node)
            return None
        if not node.value.strip():
            self.wrong("the text is empty", "write something, or remove the key")
        elif len(node.value) > limits.get("maxLength", len(node.value)):
            self.wrong(f"{len(node.value)} characters are too many", f"at most {limits['maxLength']}")
        else:
            return node.value
        return None

    def whole(self, limits: Limits) -> int | None:
        """A whole number within the limits."""
        number = self._number("a whole number", limits)
        if number is None or number == int(number):
            return None if number is None else int(number)
        self.wrong(f"{number} is not a whole number", f"write {round(number)}")
        return None

    def flag(self) -> bool | None:
        """True or false."""
        value = self._node.value if isinstance(self._node, Scalar) and not self._node.doubt else None
        if not isinstance(value, bool):
            self._expected("true or false", self._node)
            return None
        return value

    def number(self, limits: Limits) -> float | None:
        """A number within the limits."""
        number = self._number("a number", limits)
        return None if number is None else float(number)

    def listing(self, of: str) -> list["Spot"] | None:
        """The places of a list."""
        if isinstance(self._node, Listing):
            entries = enumerate(self._node.entries)
            return [Spot(node, f"{self.where}[{index}]", self._mistakes) for index, node in entries]
        self._expected(f"a list of {of}", self._node)
        return None

    def mapping(self, of: str) -> dict[str, "Spot"] | None:
        """The places of a mapping, by key."""
        if isinstance(self._node, Mapping):
            entries = self._node.entries.items()
            return {key: Spot(node, step(self.where, key), self._mistakes, line) for key, (line, node) in entries}
        self._expected(f"a mapping of {of}", self._node)
        return None

    def data(self) -> Any:
        """The value as JSON has it; what has no one meaning is None after a mistake."""
        if isinstance(self._node, Scalar):
            if self._node.doubt:
                self.wrong(*self._node.doubt)
            return None if self._node.doubt else self._node.value
        if isinstance(self._node, Listing):
            return [spot.data() for spot in self.listing("values") or ()]
        return {key: spot.data() for key, spot in (self.mapping("values") or {}).items()}

    def inner(self, path: Collection[str | int]) -> "Spot":
        """The place that a path of keys and indexes leads to, or the last one on the way that exists."""
        spot = self
        for part in path:
            if isinstance(spot._node, Mapping) and isinstance(part, str) and part in spot._node.entries:
                line, node = spot._node.entries[part]
                spot = Spot(node, step(spot.where, part), self._mistakes, line)
            elif isinstance(spot._node, Listing) and isinstance(part, int):
                spot = Spot(spot._node.entries[part], f"{spot.where}[{part}]", self._mistakes)
        return spot

    def _number(self, expected: str, limits: Limits) -> int | float | None:
        node = self._node
        number = node.value if isinstance(node, Scalar) and not node.doubt else None
        if not isinstance(node, Scalar) or number is None or isinstance(number, bool | str):
            self._expected(expected, node)
            return None
        low, high = limits["minimum" if "minimum" in limits else "exclusiveMinimum"], limits["maximum"]
        if (number >= low if "minimum" in limits else number > low) and number <= high:
            return number
        span = f"from {low} to {high}" if "minimum" in limits else f"above {low}, at most {high}"
        self.wrong(f"{node.source[:80]} is out of range", f"write {expected} {span}")
        return None

    def _expected(self, expected: str, node: Node) -> None:
        if isinstance(node, Scalar) and node.doubt:
            self.wrong(*node.doubt)
        elif expected == "a text" and isinstance(node, Scalar) and node.value is not None:
            self.wrong(f"expected a text, found {_kind(node)}", f"put it in quotes: {quote(node.source)}")
        elif (
            isinstance(node, Scalar) and isinstance(node.value, str) and _unquoted(node.value) and "number" in expected
        ):
            self.wrong(f"expected {expected}, found the text {quote(node.value)}", "remove the quotes")
        else:
            other = "" if self.where.endswith("]") or not self.where else ", or remove the key"
            self.wrong(f"expected {expected}, found {_kind(node)}", f"write {expected}{other}")


def _unquoted(text: str) -> bool:
    return re.fullmatch(r"-?[0-9]{1,18}(\.[0-9]{1,18})?", text) is not None


def _kind(node: Node) -> str:
    if isinstance(node, Mapping):
        return "a mapping"
    if isinstance(node, Listing):
        return "a list"
    if node.value is None:
        return "nothing"
    name = {bool: "the value", str: "the text"}.get(type(node.value), "the number")
    return f"{name} {quote(node.source) if isinstance(node.value, str) else node.source[:80]}"

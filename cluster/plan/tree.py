"""A document as a tree that knows its lines. Built without recursion, within caps, the same for YAML and JSON."""

import re
from dataclasses import dataclass, field

from cluster.plan.caps import Caps
from cluster.plan.mistakes import Mistakes, quote

Doubt = tuple[str, str]
"""Message and cure of a value that has no one meaning; it is used for nothing."""

_NOT_TEXT = re.compile("[\x00\ud800-\udfff]")


@dataclass(slots=True)
class Scalar:
    """One value; `source` is how it was written."""

    line: int
    value: str | int | float | bool | None
    source: str
    doubt: Doubt | None = None


@dataclass(slots=True)
class Listing:
    """A list."""

    line: int
    entries: list["Node"] = field(default_factory=list)


@dataclass(slots=True)
class Mapping:
    """Values by key, each with the line of its key. Keys are texts, each there once."""

    line: int
    entries: dict[str, tuple[int, "Node"]] = field(default_factory=dict)


Node = Scalar | Listing | Mapping


@dataclass(slots=True)
class Extent:
    """What a finished node costs wherever an alias repeats it."""

    nodes: int
    chars: int
    height: int


@dataclass(slots=True)
class _Open:
    node: Listing | Mapping
    before: tuple[int, int]
    height: int = 1
    key: Scalar | None = None
    key_ahead: bool = True


class TreeBuilder:
    """Takes the parts of a document in their order. Raises PlanRefused where a cap is passed."""

    def __init__(self, caps: Caps, mistakes: Mistakes) -> None:
        self.root: Node | None = None
        self._caps = caps
        self._mistakes = mistakes
        self._stack: list[_Open] = []
        self._nodes = 0
        self._chars = 0

    def scalar(self, node: Scalar) -> Extent:
        """A key or a value."""
        self._count(node.line, 1, len(node.source))
        if isinstance(node.value, str) and _NOT_TEXT.search(node.value):
            node.doubt = ("the text contains a NUL or half of a surrogate pair", "remove that character")
        self._put(node, 0)
        return Extent(1, len(node.source), 0)

    def open(self, node: Listing | Mapping) -> None:
        """The start of a list or mapping."""
        if len(self._stack) >= self._caps.depth:
            cure = f"at most {self._caps.depth} lists and mappings may be inside each other"
            raise self._mistakes.stop(node.line, self.where(), "the plan is nested too deeply", cure)
        before = (self._nodes, self._chars)
        self._count(node.line, 1, 0)
        self._stack.append(_Open(node, before))

    def close(self) -> tuple[Node, Extent]:
        """The end of the innermost list or mapping."""
        ended = self._stack.pop()
        self._put(ended.node, ended.height)
        nodes, chars = ended.before
        return ended.node, Extent(self._nodes - nodes, self._chars - chars, ended.height)

    def repeat(self, line: int, node: Node, extent: Extent) -> None:
        """An alias: the same node once more, charged as if it were written out."""
        self._count(line, extent.nodes, extent.chars)
        if len(self._stack) + extent.height > self._caps.depth:
            cure = f"at most {self._caps.depth} lists and mappings may be inside each other"
            raise self._mistakes.stop(line, self.where(), "the alias nests the plan too deeply", cure)
        self._put(node, extent.height)

    def _count(self, line: int, nodes: int, chars: int) -> None:
        self._nodes += nodes
        self._chars += chars
        if self._nodes > self._caps.nodes or self._chars > self._caps.text_chars:
            most = f"{self._caps.nodes} values and {self._caps.text_chars} characters"
            cure = f"at most {most} with every alias written out; split the plan"
            raise self._mistakes.stop(line, "", "the plan is too large", cure)

    def _put(self, node: Node, height: int) -> None:
        if not self._stack:
            self.root = node
            return
        parent = self._stack[-1]
        parent.height = max(parent.height, height + 1)
        if isinstance(parent.node, Listing):
            parent.node.entries.append(node)
        elif parent.key_ahead:
            parent.key, parent.key_ahead = self._key(node), False
        else:
            if parent.key is not None:
                self._enter(parent.node, parent.key, node)
            parent.key, parent.key_ahead = None, True

    def _key(self, node: Node) -> Scalar | None:
        if not isinstance(node, Scalar):
            self._mistakes.add(node.line, self.where(), "a key is a list or mapping", "use a text as the key")
        elif node.doubt:
            self._mistakes.add(node.line, self.where(), *node.doubt)
        elif not isinstance(node.value, str):
            cure = f"put it in quotes: {quote(node.source)}"
            self._mistakes.add(node.line, self.where(), f"the key {node.source[:80]} is not a text", cure)
        else:
            return node
        return None

    def _enter(self, mapping: Mapping, key: Scalar, node: Node) -> None:
        name = str(key.value)
        if name in mapping.entries:
            cure = f"keep one; the first is on line {mapping.entries[name][0]}"
            self._mistakes.add(key.line, self.where(), f"the key {quote(name)} is there twice", cure)
        else:
            mapping.entries[name] = (key.line, node)

    def where(self) -> str:
        where = ""
        for level in self._stack:
            if isinstance(level.node, Listing):
                where += f"[{len(level.node.entries)}]"
            elif level.key is not None:
                where = step(where, str(level.key.value))
        return where


def step(where: str, key: str) -> str:
    """The path of a key's value: plain where it can be, in quotes where it must."""
    if key.isidentifier() and len(key) <= 80:
        return f"{where}.{key}" if where else key
    return f"{where}[{quote(key)}]"

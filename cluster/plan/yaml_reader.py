"""YAML text -> tree. Depth, aliases and size are checked event by event, before anything large is built."""

import re
from collections.abc import Sequence
from typing import Any

import yaml
from yaml import events

from actors.errors import PlanRefused
from cluster.plan.caps import Caps
from cluster.plan.mistakes import Mistakes, quote
from cluster.plan.tree import Extent, Listing, Mapping, Node, Scalar, TreeBuilder
from cluster.plan.words import meaning

LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The parser in C is about twenty times faster; it is missing where PyYAML was built without libyaml."""

_NOT_YAML = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def read_yaml(text: str, caps: Caps, mistakes: Mistakes, loader: Any = LOADER) -> Node | None:
    """The tree of the text's one document; None when there is none. Raises PlanRefused when it cannot be read on."""
    if strange := _NOT_YAML.search(text):
        line = text.count("\n", 0, strange.start()) + 1
        cure = 'remove it, or write it as an escape in double quotes, as in "\\x1b"'
        raise mistakes.stop(line, "", f"YAML does not allow the character U+{ord(strange.group()):04X}", cure)
    lines = _lines(text)
    reader = _Reader(caps, mistakes, lines)
    try:
        for event in yaml.parse(text, Loader=loader):
            reader.take(event)
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        raise _not_yaml(error, mistakes, lines) from None
    return reader.tree.root


_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")


def _lines(text: str) -> Sequence[int]:
    """The line that an editor shows, for every line that YAML counts; YAML breaks lines at rare characters too."""
    if not re.search("[\x85\u2028\u2029]", text):
        return range(1, len(text) + 3)
    lines = [1]
    for found in _BREAK.finditer(text):
        lines.append(lines[-1] + (found[0][0] in "\r\n"))
    return [*lines, lines[-1]]


class _Reader:
    """Hands events to the tree; keeps what aliases may repeat."""

    def __init__(self, caps: Caps, mistakes: Mistakes, lines: Sequence[int]) -> None:
        self.tree = TreeBuilder(caps, mistakes)
        self._mistakes = mistakes
        self._lines = lines
        self._anchored: dict[str, tuple[Node, Extent]] = {}
        self._anchors: list[str | None] = []
        self._documents = 0

    def take(self, event: events.Event) -> None:
        line = self._lines[event.start_mark.line] if event.start_mark else 1
        if isinstance(event, events.ScalarEvent):
            self._scalar(event, line)
        elif isinstance(event, events.CollectionStartEvent):
            self._tag(event, line)
            self._anchors.append(event.anchor)
            self.tree.open(Mapping(line) if isinstance(event, events.MappingStartEvent) else Listing(line))
        elif isinstance(event, events.CollectionEndEvent):
            self._keep(self._anchors.pop(), *self.tree.close())
        elif isinstance(event, events.AliasEvent):
            self._alias(event, line)
        elif isinstance(event, events.DocumentStartEvent):
            self._document(line)

    def _scalar(self, event: events.ScalarEvent, line: int) -> None:
        self._tag(event, line)
        value, doubt = meaning(event.value) if event.implicit[0] else (event.value, None)
        node = Scalar(line, value, event.value, doubt)
        self._keep(event.anchor, node, self.tree.scalar(node))

    def _tag(self, event: Any, line: int) -> None:
        if event.tag is not None:
            cure = "remove it; put a text in quotes"
            self._mistakes.add(line, self.tree.where(), f"the tag {quote(event.tag)} is not supported", cure)

    def _keep(self, anchor: str | None, node: Node, extent: Extent) -> None:
        if anchor is not None:
            self._anchored[anchor] = (node, extent)

    def _alias(self, event: events.AliasEvent, line: int) -> None:
        if event.anchor not in self._anchored:
            message = f"the alias {quote(f'*{event.anchor}')} stands for nothing that is complete before it"
            raise self._mistakes.stop(line, self.tree.where(), message, "write the value out")
        self.tree.repeat(line, *self._anchored[event.anchor])

    def _document(self, line: int) -> None:
        self._documents += 1
        if self._documents > 1:
            cure = "remove the line --- and what follows it, or make it a plan of its own"
            raise self._mistakes.stop(line, "", "the file holds several YAML documents", cure)


_CURES = (
    ("mapping values are not allowed", 'put a text that contains ": " in quotes, and check the indentation'),
    ("cannot start any token", "indent with spaces, not tabs; put a text that starts with @, ` or % in quotes"),
    ("did not find expected", "check the brackets, quotes and indentation here and in the lines before"),
    ("escape character", "in double quotes write a backslash twice, or use single quotes"),
)


def _not_yaml(error: Exception, mistakes: Mistakes, lines: Sequence[int]) -> PlanRefused:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    problem = " ".join(str(part) for part in (getattr(error, "context", None), getattr(error, "problem", None)) if part)
    message = f"this is not YAML: {problem or type(error).__name__}"
    general = "check the indentation, quotes and brackets here and in the lines before"
    cure = next((cure for sign, cure in _CURES if sign in problem), general)
    return mistakes.stop(None if mark is None else lines[mark.line], "", message, cure)

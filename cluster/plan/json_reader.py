"""JSON text -> tree. Strict JSON with the line of every value; no recursion."""

import json
import re

from actors.errors import PlanRefused
from cluster.plan.caps import Caps
from cluster.plan.mistakes import Mistakes, quote
from cluster.plan.tree import Listing, Mapping, Node, Scalar, TreeBuilder
from cluster.plan.words import too_long

_TOKEN = re.compile(
    r"""[ \t\n\r]*(?:(?P<mark>[{}\[\],:])
                   |(?P<text>"(?:[^"\\\x00-\x1f]|\\.)*+")
                   |(?P<number>-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?(?![0-9A-Za-z_.]))
                   |(?P<word>(?:true|false|null)(?![0-9A-Za-z_]))
                   |(?P<end>\Z))""",
    re.VERBOSE,
)
_WORDS: dict[str, bool | None] = {"true": True, "false": False, "null": None}

# What may come next, and what a mark there leads to.
_VALUE, _VALUE_OR_END, _KEY, _KEY_OR_END, _COLON, _MORE, _END = (
    "a value",
    'a value or "]"',
    "a key in double quotes",
    'a key in double quotes or "}"',
    '":"',
    '"," or the closing bracket',
    "the end of the file",
)


def read_json(text: str, caps: Caps, mistakes: Mistakes) -> Node | None:
    """The tree of the text; None when it is blank. Raises PlanRefused when it cannot be read on."""
    if not text.strip(" \t\n\r"):
        return None
    return _Reader(text, caps, mistakes).read()


class _Reader:
    """Walks the tokens; `_wanted` is what may come next."""

    def __init__(self, text: str, caps: Caps, mistakes: Mistakes) -> None:
        self._text = text
        self._mistakes = mistakes
        self._tree = TreeBuilder(caps, mistakes)
        self._open: list[str] = []
        self._wanted = _VALUE
        self._line = 1

    def read(self) -> Node | None:
        at = 0
        while token := _TOKEN.match(self._text, at):
            start = token.start(str(token.lastgroup))
            self._line += self._text.count("\n", at, start)
            if token.lastgroup == "end":
                break
            self._take(str(token.lastgroup), token[str(token.lastgroup)])
            at = token.end()
        if token is None:
            self._line += self._text.count("\n", at, len(self._text) - len(self._text[at:].lstrip(" \t\n\r")))
            raise self._unexpected(self._text[at:].lstrip(" \t\n\r")[:20].split("\n")[0])
        if self._wanted != _END:
            raise self._unexpected(_END)
        return self._tree.root

    def _take(self, kind: str, token: str) -> None:
        if kind == "mark":
            self._mark(token)
        elif self._wanted in (_KEY, _KEY_OR_END) and kind == "text":
            self._tree.scalar(self._scalar(kind, token))
            self._wanted = _COLON
        elif self._wanted in (_VALUE, _VALUE_OR_END):
            self._tree.scalar(self._scalar(kind, token))
            self._wanted = _MORE if self._open else _END
        else:
            raise self._unexpected(token)

    def _mark(self, mark: str) -> None:
        if mark in "{[" and self._wanted in (_VALUE, _VALUE_OR_END):
            self._tree.open(Mapping(self._line) if mark == "{" else Listing(self._line))
            self._open.append("}" if mark == "{" else "]")
            self._wanted = _KEY_OR_END if mark == "{" else _VALUE_OR_END
        elif mark in "}]" and self._wanted in (_MORE, _VALUE_OR_END, _KEY_OR_END) and self._open[-1] == mark:
            self._tree.close()
            self._open.pop()
            self._wanted = _MORE if self._open else _END
        elif mark == "," and self._wanted == _MORE:
            self._wanted = _KEY if self._open[-1] == "}" else _VALUE
        elif mark == ":" and self._wanted == _COLON:
            self._wanted = _VALUE
        else:
            raise self._unexpected(mark)

    def _scalar(self, kind: str, token: str) -> Scalar:
        if kind == "text":
            text = self._unescaped(token)
            return Scalar(self._line, text, text)
        if kind == "word":
            return Scalar(self._line, _WORDS[token], token)
        if too_long(token):
            doubt = (f"the number {token[:80]} is too large or too exact", "write at most 18 digits")
            return Scalar(self._line, token, token, doubt)
        return Scalar(self._line, float(token) if set(token) & set(".eE") else int(token), token)

    def _unescaped(self, token: str) -> str:
        if "\\" not in token:
            return token[1:-1]
        try:
            return str(json.loads(token))
        except json.JSONDecodeError as error:
            cure = 'escapes are \\" \\\\ \\/ \\b \\f \\n \\r \\t and \\u with four digits'
            raise self._mistakes.stop(self._line, self._tree.where(), f"not JSON: {error.msg}", cure) from None

    def _unexpected(self, token: str) -> PlanRefused:
        found = "the file ends too early" if token == _END else f"unexpected {quote(token)}"
        cure = f"{self._wanted} is expected here"
        return self._mistakes.stop(self._line, self._tree.where(), f"this is not JSON: {found}", cure)

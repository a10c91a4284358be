"""What a word of a plan without quotes means: one meaning, or a doubt where YAML's versions and people disagree."""

import math
import re

from cluster.plan.mistakes import quote
from cluster.plan.tree import Doubt

Value = str | int | float | bool | None

_WORDS: dict[str, Value] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_SWITCHES = {
    **dict.fromkeys(("yes", "Yes", "YES", "on", "On", "ON"), "true"),
    **dict.fromkeys(("no", "No", "NO", "off", "Off", "OFF"), "false"),
}
_SPECIAL = re.compile(
    r"""(?P<whole>[-+]?(?:0|[1-9][0-9]{0,17}))
      | (?P<decimal>[-+]?(?:(?:0|[1-9][0-9]*)(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?)
      | (?P<unclear>[-+]?(?:[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?  # YAML 1.1 reads 1:30 as 90
                           |[0-9][0-9_]*(?:\.[0-9_]*)?(?:[eE][-+]?[0-9]+)?
                           |0[xX][0-9a-fA-F_]+|0[bB][01_]+|0[oO][0-7_]+|\.(?:inf|Inf|INF))
                   |\.(?:nan|NaN|NAN))
      | (?P<date>[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:(?:[Tt]|[ \t]+)[0-9]{1,2}:[0-9]{2}:[0-9]{2}[^\n]*)?)
      | (?P<merge><<)""",
    re.VERBOSE,
)


def meaning(word: str) -> tuple[Value, Doubt | None]:
    """The value of a word without quotes. With a doubt, the value is the word itself."""
    if word in _WORDS:
        return _WORDS[word], None
    if word in _SWITCHES:
        other = _SWITCHES[word]
        return word, (f"{word} can be read as a text or as {other}", f"write {quote(word)} in quotes, or {other}")
    special = _SPECIAL.fullmatch(word)
    return (word, None) if special is None else _special(word, str(special.lastgroup))


def _special(word: str, kind: str) -> tuple[Value, Doubt | None]:
    if kind == "merge":
        return word, ("merge keys (<<) are not supported", "write the keys out")
    if kind == "date":
        return word, (f"{quote(word)} can be read as a text or as a date", "put it in quotes")
    if kind == "whole":
        return int(word), None
    if kind == "decimal" and not too_long(word):
        return float(word), None
    cure = "put it in quotes for a text, or write the number in plain digits, at most 18"
    return word, (f"{quote(word)} can be read as a text or as different numbers", cure)


def too_long(number: str) -> bool:
    """Whether readers of a number keep different parts of it: more than 18 digits in a row, or beyond a float."""
    return re.search("[0-9]{19}", number) is not None or not math.isfinite(float(number))

"""Why a result does not stand for an item: a sentence for everything that differs in what went into it. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any

from actors.work import Role
from cluster.results.result_key import Parts

EARLIER_VERSION = "made by an earlier version"
ORDER = ("description", "inputs", "dependencies", "output", "agent", "model", "max_tokens", "prompt")
"""In which reasons are told."""

DEFAULTS = {"agent": Role.EXECUTOR.value, "max_tokens": "the default"}


def reasons(before: Parts, now: Parts) -> Iterator[str]:
    """Why a result made from `before` does not stand for `now`: a sentence for everything that differs."""
    if not before["prompt"]:
        yield EARLIER_VERSION
    for part in sorted(before.keys() | now.keys(), key=_rank):
        was, is_ = before.get(part), now.get(part)
        if was != is_ and not (part == "prompt" and not was):
            yield from _why(part, was, is_)


def _why(part: str, was: Any, is_: Any) -> Iterator[str]:
    match part:
        case "inputs":
            told = "its input {} is new", "its input {} changed", "its input {} is gone"
            yield from _differing(was or {}, is_ or {}, *told)
        case "dependencies":
            told = "it now depends on {}", "its dependency {} runs again", "it no longer depends on {}"
            yield from _differing(was or {}, is_ or {}, *told)
        case "agent" | "model" | "max_tokens":
            yield f"its {part} is now {is_ or DEFAULTS[part]}, was {was or DEFAULTS[part]}"
        case "output":
            yield "its output schema changed"
        case _:
            yield f"its {part} changed"


def _differing(was: Mapping[str, str], is_: Mapping[str, str], new: str, changed: str, gone: str) -> Iterator[str]:
    for name, hash_ in is_.items():
        if was.get(name) != hash_:
            yield (changed if name in was else new).format(name)
    yield from (gone.format(name) for name in was if name not in is_)


def _rank(part: str) -> tuple[int, str]:
    return (ORDER.index(part) if part in ORDER else len(ORDER), part)

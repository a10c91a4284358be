"""The key of a result: the same exactly when everything that went into it is the same. Pure.

A result may stand for an item of another plan if its key does. What decides only when or where an item runs
(priority, timeout, position, the order in which things are named) is not in it.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from actors.work import Content, Item, Role

FORM = 1
"""Raised when the same values would mean another answer; then no older key fits any more."""

Parts = dict[str, Any]
"""What went into a result, by name: texts, numbers, and mappings of names to hashes."""


def content_hash(content: Content) -> str:
    """SHA-256 of the text, hex; the same for a text at hand and for a reference to it."""
    return content.ref if content.ref is not None else hashlib.sha256((content.text or "").encode()).hexdigest()


def parts(item: Item, model: str, prompt: str, results: Mapping[str, Content]) -> Parts:
    """What goes into the item's result: `model` as asked for, version of the prompt, data of its dependencies by id.

    A field at its default is left out, so that a field which a later version adds changes no older key.
    """
    found: Parts = {"id": item.id, "description": item.description, "model": model, "prompt": prompt}
    if item.agent is not Role.EXECUTOR:
        found["agent"] = item.agent.value
    if item.inputs:
        found["inputs"] = {name: content_hash(content) for name, content in item.inputs.items()}
    if item.output is not None:
        found["output"] = _canonical(item.output)
    if item.tools:
        found["tools"] = sorted(item.tools)
    if item.workspace is not None:
        found["files of the workspace"] = content_hash(item.workspace)
    if item.max_tokens is not None:
        found["max_tokens"] = item.max_tokens
    if item.foreach is not None:
        found["foreach"] = item.foreach.model_dump(exclude={"budget"})
    if item.expand is not None:
        found["expand"] = item.expand.value
    if item.requirements:
        found["requirements"] = list(item.requirements)
    if item.review is not None:
        found["review"] = {"extract": item.extract, **item.review.model_dump(mode="json")}
    if item.clarify:
        found["clarify"] = True
    if item.dependencies:
        found["dependencies"] = {id_: content_hash(results[id_]) for id_ in item.dependencies}
    return found


def key_of(went_in: Parts) -> str:
    """SHA-256 over the canonical form, hex."""
    return hashlib.sha256(_canonical([FORM, went_in]).encode()).hexdigest()


def result_key(item: Item, model: str, prompt: str, results: Mapping[str, Content]) -> str:
    """The key of the item's result; see `parts`. KeyError if the result of a dependency is not in `results`."""
    return key_of(parts(item, model, prompt, results))


def _canonical(value: Any) -> str:
    """ASCII, so that no text is beyond it; 1, 1.0 and true stay three values, as they are in a JSON schema's text."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"))

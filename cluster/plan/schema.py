"""The format of a plan as a JSON schema, for editors and for the readers here. Limits come from the Item itself."""

from typing import Any

from actors.models.choice import HOSTED, OURS
from actors.settings import ModelSettings
from actors.tools.capability import MCP, PATTERN, SERVER_LENGTH, TOOLS
from actors.vocabulary.limits import Limits
from actors.vocabulary.phase import WORK
from actors.vocabulary.review import REQUIREMENTS, ROUNDS, Exhausted, Gate, Review
from actors.work import Item, Role

_ITEM = Item.model_json_schema()["properties"]

ROLES = [role.value for role in Role]
LATER = ("files", "file_scope")
"""Keys of later versions: refused, because nothing enforces them yet."""


def _limits(name: str, description: str, **more: Any) -> dict[str, Any]:
    """Type and range of an item's field."""
    field = _ITEM[name]
    field = next((choice for choice in field.get("anyOf", ()) if choice.get("type") != "null"), field)
    kept = {key: value for key, value in {**field, **more}.items() if key not in ("title", "additionalProperties")}
    default = {"default": _ITEM[name]["default"]} if _ITEM[name].get("default") is not None else {}
    return {"description": description, **kept, **default}


_SAID = {"pattern": r"\S"}
NAME: dict[str, Any] = {"type": "string", "minLength": 1, "maxLength": 240, "pattern": r"^[^./\\\s][^/\\]*$"}
"""Of an item or input. It names a file: visible characters, and 240 bytes of the 255 that file systems take."""
_HOSTED = [rf"{begin}\S+" for begin in HOSTED.values()]
MODEL: dict[str, Any] = {"type": "string", "maxLength": 200, "pattern": rf"^({'|'.join((*OURS, *_HOSTED))})$"}

INPUTS: dict[str, dict[str, Any]] = {
    "file": {"description": "its path, relative to the plan, inside its folder", "type": "string", **_SAID},
    "text": {"description": "the text itself", "type": "string", **_SAID},
}
"""An input has one of them."""
INPUT: dict[str, Any] = {
    "oneOf": [
        {"type": "object", "properties": {key: said}, "required": [key], "additionalProperties": False}
        for key, said in INPUTS.items()
    ]
}

CAPS: dict[str, dict[str, Any]] = {
    "usd": {"description": "US dollars", "type": "number", "minimum": 0, "maximum": 1_000_000},
    "tokens": {"description": "of prompts and answers together", "type": "integer", "minimum": 0, "maximum": 10**12},
}


def _budget(description: str) -> dict[str, Any]:
    shape = {"type": "object", "properties": CAPS, "minProperties": 1, "additionalProperties": False}
    return {"description": description, **shape}


ITEM: dict[str, dict[str, Any]] = {
    "id": {"description": "unique; names the result's file", **NAME},
    "description": _limits("description", "what to do", **_SAID),
    "agent": {"description": "who does it", "enum": ROLES, "default": Role.EXECUTOR.value},
    "priority": _limits("priority", "high first, among items equally far from the end"),
    "timeout": _limits("timeout", "seconds of work, not of waiting"),
    "dependencies": {
        "description": "ids of items whose results this one gets",
        "type": "array",
        "items": NAME,
        "uniqueItems": True,
    },
    "inputs": {
        "description": "texts that this item gets, by name",
        "type": "object",
        "propertyNames": NAME,
        "additionalProperties": INPUT,
    },
    "output": _limits("output", "JSON schema the answer must fit; without it the answer is plain text"),
    "model": {"description": "that does it; default: the plan's", **MODEL},
    "max_tokens": _limits("max_tokens", f"of the answer; default: {ModelSettings().max_tokens}"),
    "tools": {
        "description": f"what it may do beside answering: {', '.join(TOOLS)}, {MCP}NAME",
        "type": "array",
        "items": {"type": "string", "pattern": PATTERN, "maxLength": len(MCP) + SERVER_LENGTH},
        "uniqueItems": True,
    },
    "expand": {
        "description": "an orchestrator answers with items, by which the run grows, and ends with their results; with "
        "draft they are checked, and are its result",
        "enum": [True, False, "draft"],
    },
    "budget": _budget("the item gets no attempt that may take more; the others go on"),
}
REVIEW: dict[str, dict[str, Any]] = {
    "gates": {
        "description": "what a reviewer judges; default: " + ", ".join(Review().gates),
        "type": "array",
        "items": {"enum": [gate.value for gate in Gate]},
        "minItems": 1,
        "uniqueItems": True,
    },
    "tests": {
        "description": "the command of tests_passing, run in the workspace: program and arguments",
        "type": "array",
        "items": {"type": "string", "minLength": 1, "maxLength": 4096},
        "minItems": 1,
        "maxItems": 100,
    },
    "max_attempts": {
        "description": "attempts that are reviewed",
        "type": "integer",
        "minimum": 1,
        "maximum": ROUNDS,
        "default": Review().max_attempts,
    },
    "on_exhausted": {
        "description": "of an item whose last attempt did not pass",
        "enum": [what.value for what in Exhausted],
        "default": Exhausted.FAIL.value,
    },
    "model": {"description": "of the reviewer; default: the item's", **MODEL},
}
ITEM |= {
    "requirements": {
        "description": "what the result has to meet: told to the agent, judged by the review",
        "type": "array",
        "items": {"type": "string", "minLength": 1, "maxLength": 2000, **_SAID},
        "maxItems": REQUIREMENTS,
        "uniqueItems": True,
    },
    "extract": {"description": "find the requirements in the description, before the work", "type": "boolean"},
    "review": {
        "description": "another agent judges the result before it counts",
        "type": "object",
        "properties": REVIEW,
        "additionalProperties": False,
    },
    "clarify": {"description": "the agent may ask a person instead of guessing", "type": "boolean"},
    "approve": {"description": "a person is asked before it begins", "type": "boolean"},
    "phase": {
        "description": "begins when every item of the phase before is complete, and gets the results of its last ones",
        "enum": [phase.value for phase in WORK],
    },
}
OVER: dict[str, dict[str, Any]] = {
    "item": {"description": "id of the item that produces the list", **NAME},
    "path": {
        "description": "keys on the way to the list in that item's result, with dots between them; default: the "
        "result is the list",
        "type": "string",
        "maxLength": 1000,
        **_SAID,
    },
}
TEMPLATE = {key: value for key, value in ITEM.items() if key not in ("id", "dependencies", "expand", "phase")}
FOREACH: dict[str, dict[str, Any]] = {
    "item": {
        "description": "what is done with each entry, which is its input `item`",
        "type": "object",
        "properties": TEMPLATE,
        "required": ["description"],
        "additionalProperties": False,
    },
    "over": {
        "description": "the list",
        "type": "object",
        "properties": OVER,
        "required": ["item"],
        "additionalProperties": False,
    },
}
LOOP = {
    "id": ITEM["id"],
    "dependencies": ITEM["dependencies"],
    "phase": ITEM["phase"],
    "budget": _budget("of all these items together; each may have one too"),
    "foreach": {
        "description": "an item for each entry of a list; ends with the list of their results",
        "type": "object",
        "properties": FOREACH,
        "required": ["item", "over"],
        "additionalProperties": False,
    },
}
"""The keys of an item with `foreach`."""
_LIMITS = Limits.model_json_schema()["properties"]
LIMITS: dict[str, dict[str, Any]] = {
    name: {"description": said, **{key: value for key, value in _LIMITS[name].items() if key != "title"}}
    for name, said in (
        ("items", "items that the run may be given beyond the plan"),
        ("fan_out", "items that may be added for one item"),
        ("depth", "how deep items may be added for items that were added"),
    )
}
WORKSPACE: dict[str, dict[str, Any]] = {
    "files": {
        "description": "a folder relative to the plan, inside its folder; its files are copied before the first item",
        "type": "string",
        **_SAID,
    },
}
PLAN: dict[str, dict[str, Any]] = {
    "name": {"description": "of the plan; default: its file's", "type": "string", "maxLength": 200, **_SAID},
    "model": {"description": "of the items that name none; default: Claude's if a key is found, else local", **MODEL},
    "budget": _budget("the run is paused before it takes more"),
    "limits": {
        "description": "how far the run may grow beyond the plan",
        "type": "object",
        "properties": LIMITS,
        "additionalProperties": False,
    },
    "workspace": {
        "description": "what the folder holds at first that the items with tools share",
        "type": "object",
        "properties": WORKSPACE,
        "required": list(WORKSPACE),
        "additionalProperties": False,
    },
    "items": {
        "description": "the work",
        "type": "array",
        "minItems": 1,
        "items": {
            "type": "object",
            "properties": {**ITEM, "foreach": LOOP["foreach"]},
            "required": ["id"],
            "additionalProperties": False,
            "if": {"required": ["foreach"]},
            "then": {"propertyNames": {"enum": list(LOOP)}},
            "else": {"required": ["description"]},
        },
    },
}


def _described(**properties: dict[str, Any]) -> dict[str, Any]:
    required = list(properties)
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


PROPOSAL: dict[str, Any] = _described(
    items={
        "type": "array",
        "minItems": 1,
        "items": _described(
            id={"type": "string", "description": "short name of the item, letters, digits and dashes"},
            description={"type": "string", "description": "what to do, and how somebody can tell that it is done"},
            agent={"type": "string", "enum": ["executor", "reviewer", "optimizer"]},
            dependencies={
                "type": "array",
                "items": {"type": "string"},
                "description": "ids of the items whose results this one gets",
            },
        ),
    }
)
"""What a model that is asked for items answers; a subset of what `read_proposal` takes."""


def json_schema() -> dict[str, Any]:
    """JSON schema of a plan. What it refuses, `load` refuses; `load` also checks files, references and cycles."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "mnemosyne plan",
        "type": "object",
        "properties": PLAN,
        "required": ["items"],
        "additionalProperties": False,
    }

"""Draws docs/plan.md from the format of a plan: `python -m cluster.docs.plan_doc`."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from cluster.docs.plan_words import CAPS, EXAMPLE, INTRO, REST, TOLD
from cluster.plan.caps import MIB, Caps
from cluster.plan.schema import CAPS as BUDGET
from cluster.plan.schema import FOREACH, INPUTS, ITEM, LATER, LOOP, MODEL, NAME, PLAN, REVIEW, TEMPLATE

PATH = Path(__file__).parents[2] / "docs" / "plan.md"
Keys = Mapping[str, Mapping[str, Any]]

SECTIONS: Mapping[str, tuple[Keys, tuple[str, ...]]] = {
    "The plan": (PLAN, ("items",)),
    "An item": (ITEM, ("id", "description")),
    "An item for each entry of a list": (LOOP, ("id", "foreach")),
    "foreach": (FOREACH, tuple(FOREACH)),
    "over": (FOREACH["over"]["properties"], ("item",)),
    "An input": (INPUTS, ()),
    "review": (REVIEW, ()),
    "budget": (BUDGET, ()),
    "limits": (PLAN["limits"]["properties"], ()),
    "workspace": (PLAN["workspace"]["properties"], ("files",)),
}
"""Each with its keys and those of them that have to be there."""


def page() -> str:
    """The whole page."""
    parts = [INTRO, f"```yaml\n{EXAMPLE}```"]
    for title, (keys, required) in SECTIONS.items():
        rows = [_row(key, key in required, shape) for key, shape in keys.items()]
        table = "\n".join(["| key | what | takes | default |", "|---|---|---|---|", *rows])
        parts += [f"## {title}", *([TOLD[title]] if title in TOLD else []), table]
    caps = [f"| {CAPS[name]} | {_size(name, most)} |" for name, most in asdict(Caps()).items()]
    parts += [REST.format(later=_names(LATER)), "\n".join(["| what | at most |", "|---|---|", *caps])]
    return "\n\n".join(parts) + "\n"


def _row(key: str, is_required: bool, shape: Mapping[str, Any]) -> str:
    what, _, default = shape.get("description", "").partition("; default: ")
    default = "required" if is_required else default or _default(shape)
    return f"| `{key}` | {what} | {_takes(key, shape)} | {default} |".replace("|  |", "| |")


def _default(shape: Mapping[str, Any]) -> str:
    if shape.get("type") == "boolean" or False in shape.get("enum", ()):
        return "`false`"
    found = shape.get("default")
    return "" if found is None else f"`{found:g}`" if isinstance(found, float | int) else f"`{found}`"


def _takes(key: str, shape: Mapping[str, Any]) -> str:
    """Type and range."""
    if NAME.items() <= shape.items():
        return "a [name](#names)"
    if MODEL.items() <= shape.items():
        return "a [model](#names)"
    if "enum" in shape:
        return ", ".join(f"`{_written(value)}`" for value in shape["enum"])
    kinds = {"boolean": _flag, "string": _text, "integer": _number, "number": _number}
    if kind := kinds.get(shape["type"]):
        return kind(shape)
    return _list(key, shape) if shape["type"] == "array" else _mapping(key, shape)


def _flag(_: Mapping[str, Any]) -> str:
    return "`true`, `false`"


def _text(shape: Mapping[str, Any]) -> str:
    return f"a text{_most(shape, 'maxLength', ', at most {:,} characters')}"


def _number(shape: Mapping[str, Any]) -> str:
    kind = "a whole number" if shape["type"] == "integer" else "a number"
    low = f", {shape['minimum']:,} to" if "minimum" in shape else f" above {shape['exclusiveMinimum']:,}, at most"
    return f"{kind}{low} {shape['maximum']:,}"


def _list(key: str, shape: Mapping[str, Any]) -> str:
    of = shape["items"]
    if key == "items":
        return f"a list of [items](#{_anchor('An item')}), at least one"
    if key == "tools":
        return "a list of [capabilities](tools.md), each once"
    if of == NAME:
        return "a list of [names](#names), each once"
    entries = _takes("", of) if "enum" in of else "texts"
    each = _most(of, "maxLength", " of at most {:,} characters")
    least = ", at least one" if "minItems" in shape else ""
    once = ", each once" if "uniqueItems" in shape else ""
    return f"a list of {entries}{each}{least}{_most(shape, 'maxItems', ', at most {}')}{once}"


def _mapping(key: str, shape: Mapping[str, Any]) -> str:
    keys = shape.get("properties")
    if keys is TEMPLATE:
        return f"the keys of {_linked('An item')}, but {_names(name for name in ITEM if name not in TEMPLATE)}"
    if key == "inputs":
        return f"{_linked('An input')} by [name](#names)"
    title = next((title for title, (known, _) in SECTIONS.items() if known is keys), None)
    return f"[these keys](#{_anchor(title)})" if title else "a JSON schema (2020-12)"


def _linked(title: str) -> str:
    return f"[{title[0].lower()}{title[1:]}](#{_anchor(title)})"


def _anchor(title: str) -> str:
    return title.lower().replace(" ", "-")


def _most(shape: Mapping[str, Any], key: str, form: str) -> str:
    return form.format(shape[key]) if key in shape else ""


def _written(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _names(names: Any) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _size(name: str, most: int) -> str:
    if name.endswith("_bytes"):
        return f"{most // MIB} MiB"
    return f"{most:,}"


if __name__ == "__main__":
    PATH.write_text(page(), encoding="utf-8")

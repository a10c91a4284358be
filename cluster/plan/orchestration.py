"""From a goal to a plan: the plan that plans it, and the plan that is made of its results. Pure."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from actors.vocabulary.phase import WORK, Phase

SPEC, FULL, PLAN = "spec", "full-spec", "plan"
"""The items of the planning: a phase each, which gets the result of the one before."""

_SPECIFY = """Write a specification of the goal: what is to be produced, for whom, from which material, what is out of \
scope, and how somebody can tell that it is done. Where the goal leaves something open, say what you assume."""
_COMPLETE = """Complete the specification: break it into its parts, name what each part needs from the others, the \
cases at the edges, and a check for every requirement. Keep what is right in it."""
_PLAN = """Plan the work that the specification asks for as items that agents do: as few as it needs, side by side \
where they need nothing of each other, each complete in its description, with how somebody can tell that it is done. \
Every agent sees the specification and the results of the items that its item depends on. End with an item for a \
reviewer, or for an executor that puts the results together, as the specification needs it."""


def key_of(goal: str, files: Mapping[str, str], model: str | None) -> str:
    """The key of the planning: the same goal with the same files is the same run."""
    form = json.dumps([goal, sorted(files.items()), model])
    return f"orchestrate-{hashlib.sha256(form.encode()).hexdigest()[:10]}"


def planning(goal: str, files: Mapping[str, str], model: str | None) -> dict[str, Any]:
    """The plan file that plans the goal; each of its phases gets the result of the one before."""
    material = {name: {"text": text} for name, text in files.items()}
    inputs = {"goal": {"text": goal}, **material}
    items: list[dict[str, Any]] = [
        {"id": SPEC, "description": _SPECIFY, "inputs": inputs},
        {"id": FULL, "description": _COMPLETE, "inputs": {"goal": {"text": goal}}},
        {"id": PLAN, "description": _PLAN, "agent": "orchestrator", "expand": "draft"},
    ]
    items = [{**item, "phase": phase.value} for item, phase in zip(items, WORK, strict=False)]
    return {"name": "planning", **({"model": model} if model else {}), "items": items}


def planned(draft: str, specification: str, files: Mapping[str, str], model: str | None) -> dict[str, Any]:
    """The plan file of a draft that was checked; each item gets the specification and the files."""
    material = {"specification": {"text": specification}, **{name: {"text": text} for name, text in files.items()}}
    phase = Phase.PLAN_TO_ARTIFACTS.value
    items = [
        {**item, "phase": phase, "inputs": {**item.get("inputs", {}), **material}}
        for item in json.loads(draft)["items"]
    ]
    return {"name": "orchestrated", **({"model": model} if model else {}), "items": items}

"""A plan file -> a work graph, or all its mistakes at once. Reads the plan and its inputs once; writes nothing."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from actors.errors import Mistake, PlanRefused
from actors.spending.budget import Budget
from actors.vocabulary.limits import Limits
from actors.work import Content, Item
from cluster.plan.budgets import read_budget, read_limits
from cluster.plan.caps import Caps
from cluster.plan.checks import read_items
from cluster.plan.fields import read_fields
from cluster.plan.inputs import Inputs
from cluster.plan.items import ItemReader
from cluster.plan.mistakes import Mistakes
from cluster.plan.names import read_model, read_title
from cluster.plan.phases import layered
from cluster.plan.schema import PLAN, json_schema
from cluster.plan.source import read_tree
from cluster.plan.spot import Spot
from cluster.plan.workspace import WorkspaceReader, sees, with_workspace
from cluster.run.graph import WorkGraph

__all__ = ["Caps", "Mistake", "Plan", "PlanRefused", "json_schema", "load"]


@dataclass(frozen=True)
class Plan:
    """An accepted plan. Nothing of it is read from disk again."""

    name: str
    model: str | None
    """Default of the items."""
    graph: WorkGraph
    payloads: Mapping[str, str]
    """Texts of the Contents with a `ref`, by their SHA-256."""
    digest: str
    """SHA-256 of what counts: items, content of inputs and of the workspace, model.

    Not of order, comments, layout, budgets, limits or the name.
    """
    budget: Budget | None = None
    limits: Limits | None = None
    """How far its run may grow; None: as usual."""


def load(path: Path, caps: Caps = Caps()) -> Plan:  # noqa: B008 - frozen
    """The plan of a YAML or JSON file. Raises PlanRefused with every mistake, and nothing else."""
    mistakes = Mistakes(str(path))
    root = Spot(read_tree(path, caps, mistakes), "", mistakes)
    inputs = Inputs(path.parent, caps, mistakes)
    fields = read_fields(root, "the keys of a plan", PLAN, ("items",))
    name = read_title(fields["name"]) if "name" in fields else None
    model = read_model(fields["model"]) if "model" in fields else None
    budget = read_budget(fields["budget"]) if "budget" in fields else None
    limits = read_limits(fields["limits"]) if "limits" in fields else None
    items = read_items(fields["items"], ItemReader(inputs, mistakes), caps) if "items" in fields else ()
    items = items if len(mistakes) else layered(items, fields["items"], caps)
    files = WorkspaceReader(path.parent, caps).read(fields["workspace"]) if "workspace" in fields else None
    if files is not None and not len(mistakes) and not any(map(sees, items)):
        fields["workspace"].wrong("no item would see these files", "give an item tools, as in tools: [files:read]")
    mistakes.refuse_if_any()
    if files is not None:
        items = with_workspace(items, files, inputs.payloads)
    return Plan(name or _stem(path), model, WorkGraph(items), inputs.payloads, _digest(items, model), budget, limits)


def _stem(path: Path) -> str:
    return "".join(c if c.isprintable() else "?" for c in path.stem)


def _digest(items: tuple[Item, ...], model: str | None) -> str:
    """Fields at their default are left out, so that a later version with more fields gives the same digest."""
    described = [_described(item) for item in sorted(items, key=lambda item: item.id)]
    form = json.dumps({"model": model, "items": described}, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(form.encode()).hexdigest()


def _described(item: Item) -> dict[str, object]:
    described = item.model_dump(
        mode="json", exclude_defaults=True, exclude={"inputs": True, "budget": True, "foreach": {"budget"}}
    )
    if item.inputs:
        described["inputs"] = {name: _hash(content) for name, content in item.inputs.items()}
    return described


def _hash(content: Content) -> str:
    return content.ref or hashlib.sha256((content.text or "").encode()).hexdigest()

"""Items of a plan: each field read by its own reader, every mistake of every item told."""

from collections.abc import Callable
from typing import Any

from pydantic import ValidationError

from actors.work import Expand, Item, Over, Role
from cluster.plan.budgets import read_budget
from cluster.plan.draft import Draft
from cluster.plan.fields import read_fields
from cluster.plan.inputs import Inputs
from cluster.plan.mistakes import Mistakes, quote
from cluster.plan.names import read_agent, read_model, read_name
from cluster.plan.output import OutputSchemas
from cluster.plan.phases import read_phase
from cluster.plan.review import check_together, read_requirements, read_review
from cluster.plan.schema import FOREACH, ITEM, LOOP, OVER, PROPOSAL, TEMPLATE
from cluster.plan.spot import Spot
from cluster.plan.tools import read_tools
from cluster.run.foreach import ENTRY


class ItemReader:
    """Reads the items of one plan."""

    def __init__(self, inputs: Inputs, mistakes: Mistakes) -> None:
        self._mistakes = mistakes
        self._readers: dict[str, Callable[[Spot], Any]] = {
            "id": read_name,
            "description": lambda spot: spot.text(ITEM["description"]),
            "agent": read_agent,
            "priority": lambda spot: spot.whole(ITEM["priority"]),
            "timeout": lambda spot: spot.number(ITEM["timeout"]),
            "inputs": inputs.read,
            "output": OutputSchemas(mistakes).read,
            "model": read_model,
            "max_tokens": lambda spot: spot.whole(ITEM["max_tokens"]),
            "tools": read_tools,
            "expand": _expand,
            "phase": read_phase,
            "requirements": read_requirements,
            "review": read_review,
            **dict.fromkeys(("extract", "clarify", "approve"), Spot.flag),
            "budget": read_budget,
        }

    def read(self, spot: Spot) -> Draft:
        """One item, as far as it can be read."""
        before = len(self._mistakes)
        loop = "foreach" in (spot.mapping("the keys of an item") or {})
        known, required = (LOOP, ("id", "foreach")) if loop else (ITEM, ("id", "description"))
        fields = read_fields(spot, "the keys of an item", known, required)
        check_together(fields)
        dependencies = _dependencies(fields.pop("dependencies")) if "dependencies" in fields else {}
        values = self._loop(fields.pop("foreach"), dependencies) if "foreach" in fields else {}
        values.update({key: self._readers[key](field) for key, field in fields.items()})
        if values.get("expand"):
            values.update(_expands(fields["expand"], values))
        item = None
        if len(self._mistakes) == before:
            item = self._item(spot, {**values, "dependencies": tuple(dependencies)})
        return Draft(spot, values.get("id"), fields.get("id", spot), dependencies, item)

    def _loop(self, spot: Spot, dependencies: dict[str, Spot]) -> dict[str, Any]:
        """The values of an item that is done for each entry of a list; it depends on the list's item."""
        fields = read_fields(spot, "item and over", FOREACH, tuple(FOREACH))
        template = (
            read_fields(fields["item"], "the keys of an item", TEMPLATE, ("description",)) if "item" in fields else {}
        )
        check_together(template)
        values = {key: self._readers[key](field) for key, field in template.items()}
        if "inputs" in template and ENTRY in (values["inputs"] or {}):
            template["inputs"].wrong(f"the input {ENTRY} is the entry of the list", "give it another name")
        over = read_fields(fields["over"], "item and path", OVER, ("item",)) if "over" in fields else {}
        if "item" in over and (name := read_name(over["item"])):
            path = over["path"].text(OVER["path"]) if "path" in over else ""
            dependencies.setdefault(name, over["item"])
            values["foreach"] = Over(item=name, path=path or "", budget=values.pop("budget", None))
        return values

    def _item(self, spot: Spot, values: dict[str, Any]) -> Item | None:
        try:
            return Item(**values)
        except ValidationError as error:  # the vocabulary has the last word
            for fault in error.errors():
                spot.inner(fault["loc"]).wrong(fault["msg"], "correct the value")
            return None


def _expands(spot: Spot, values: dict[str, Any]) -> dict[str, Any]:
    if values.get("agent") is not Role.ORCHESTRATOR:
        spot.wrong("only an orchestrator answers with items", "add agent: orchestrator, or remove expand")
    if "output" in values:
        spot.wrong("an item that expands has no output schema of its own", "remove output")
    return {"output": PROPOSAL}


def _expand(spot: Spot) -> Expand | None:
    if spot.data() == "draft":
        return Expand.DRAFT
    return Expand.RUN if spot.flag() else None


def _dependencies(spot: Spot) -> dict[str, Spot]:
    found: dict[str, Spot] = {}
    for entry in spot.listing("ids") or ():
        name = entry.text({})
        if name is None:
            continue
        if name in found:
            entry.wrong(f"the dependency {quote(name)} is there twice", "name it once")
        found.setdefault(name, entry)
    return found

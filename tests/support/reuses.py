"""Earlier runs and edited plans for tests."""

from collections.abc import Iterable
from typing import Any

from actors.events import Event, ItemReused, RunAccepted
from actors.work import Content, Item, Result, Role
from cluster.results.reuse import Comparison, Earlier, compare, earlier
from cluster.run.graph import WorkGraph
from tests.support.histories import assigned, closed, items, record

PROMPTS = {Role.EXECUTOR: "p1", Role.REVIEWER: "p2"}
PLAN = items(a=[], b="a", c="b", other=[])


def result(text: str = "done", prompt: str = "p1", **more: Any) -> Result:
    return Result(data=Content(text=text), model="scripted-as-it-calls-itself", prompt=prompt, **more)


def journal(plan: Iterable[Item], **results: Result) -> list[Event]:
    found: list[Event] = [RunAccepted(run="r", name="plan", items=1, digest="digest", model="scripted")]
    for item in plan:
        made = assigned(item.id).model_copy(update={"model": item.model or "scripted"})
        found += [made, closed(item.id, results.get(item.id, result(f"{item.id} done")))]
    return found


def before(plan: tuple[Item, ...] = PLAN, **results: Result) -> Earlier:
    """A run that completed this plan."""
    return earlier(record(plan), plan, journal(plan, **results))


def edited(id_: str, plan: tuple[Item, ...] = PLAN, **fields: Any) -> tuple[Item, ...]:
    return tuple(item.model_copy(update=fields) if item.id == id_ else item for item in plan)


def against(old: Earlier, plan: tuple[Item, ...], model: str = "scripted", **prompts: str) -> Comparison:
    return compare(old, WorkGraph(plan), model, PROMPTS | {Role(role): version for role, version in prompts.items()})


def taken(found: Comparison, run: str) -> list[ItemReused]:
    """The results that a run takes over."""
    return [row for row in found.reused(run) if isinstance(row, ItemReused)]

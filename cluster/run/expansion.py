"""What an item asks its run for, as items: pieces of work for sub-agents, or a list of items. Pure."""

from collections.abc import Sequence

from actors.errors import GrowthRefused, PlanRefused
from actors.events import Granted
from actors.work import Expand, Item, Want
from cluster.plan.proposal import read_proposal
from cluster.run.admission import Admission
from cluster.run.growth import Growth, child_id
from cluster.run.subagents import check_independent, subagent


def subagents(parent: Item, wants: Sequence[Want], texts: Sequence[str], admission: Admission) -> Growth:
    """An item for each call that may have one, and for every other why not."""
    items, granted, payloads = list[Item](), list[Granted](), dict[str, str]()
    for want, text in zip(wants, texts, strict=True):
        try:
            child = subagent(parent, [*admission.above(parent)], f"{want.turn}.{want.call}", text, payloads)
            check_independent(child, items)
            admission.check(parent, [*items, child])
            admission.check_budget([*items, child])
        except GrowthRefused as refusal:
            granted.append(Granted(turn=want.turn, call=want.call, refusal=str(refusal)))
        else:
            items.append(child)
            granted.append(Granted(turn=want.turn, call=want.call, item=child.id))
    return Growth(tuple(items), payloads, tuple(granted))


def refused(want: Want, why: str) -> Growth:
    """Nothing is added; the item is told why, and asked again."""
    return Growth(granted=(Granted(turn=want.turn, refusal=why),))


def proposed(parent: Item, text: str, admission: Admission) -> tuple[Item, ...]:
    """The items of a list, each after its dependencies. Raises GrowthRefused with every mistake."""
    try:
        plan = read_proposal(text)
    except PlanRefused as refusal:
        raise GrowthRefused(str(refusal)) from None
    for item in plan.items:
        if more := sorted(set(item.tools) - set(parent.tools)):
            raise GrowthRefused(f"{item.id} cannot have {', '.join(more)}: the item that plans it does not have it")
        if item.model is not None or item.expand is not None or item.phase is not None:
            raise GrowthRefused(f"{item.id} must not name a model, a phase or expand")
        if item.review and (item.review.model or item.review.tests):
            raise GrowthRefused(f"the review of {item.id} must not name a model or a command")
    if parent.expand is Expand.DRAFT:
        return plan.items
    items = tuple(_placed(plan.by_id[name], parent) for name in plan.order)
    admission.check(parent, items)
    admission.check_budget(items)
    return items


def _placed(item: Item, parent: Item) -> Item:
    """The item within the run."""
    names = tuple(child_id(parent.id, name) for name in item.dependencies)
    over = item.foreach and item.foreach.model_copy(update={"item": child_id(parent.id, item.foreach.item)})
    placed = {"id": child_id(parent.id, item.id), "dependencies": names, "foreach": over, "parent": parent.id}
    kept = {"model": parent.model, "phase": parent.phase, "workspace": parent.workspace}
    return item.model_copy(update={**placed, **kept})

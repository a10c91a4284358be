"""What a plan may cost, before it is run: from what is known now to whole answers in as many rounds as it allows.

A model without a price costs nobody knows what, never nothing.
"""

from collections.abc import Collection, Iterable, Mapping
from math import ceil
from typing import NamedTuple

from actors.errors import UserError
from actors.models.estimate import bound
from actors.models.pricing import price_of
from actors.spending.account import Account
from actors.tools.capability import SUBAGENTS
from actors.vocabulary.limits import Limits
from actors.work import Expand, Item, Reservation
from cluster.plan import Plan
from cluster.plan.calls import first_prompt, held, longest_answer, parts_of
from cluster.plan.cost_range import NOTHING, Range
from cluster.run.budget import LABELS, LONG_TEXT, MAX_TOKENS


class Cost(NamedTuple):
    """Of a plan."""

    items: Mapping[str, Range]
    models: Mapping[str, Range]
    total: Range
    assumes: tuple[str, ...]
    """What the range stands for, in words."""


def cost_of(plan: Plan, model: str, limits: Limits | None = None) -> Cost:
    """What the plan may cost if `model` works on the items that name none. `limits`: those of its run."""
    return cost_of_items(plan.graph.items, plan.payloads, model, limits or plan.limits or Limits())


def cost_of_items(items: Collection[Item], texts: Mapping[str, str], model: str, limits: Limits) -> Cost:
    """The same of items that are to be added to a run: `texts` has those that their inputs refer to, by hash.

    A dependency that is not among them counts as a whole answer.
    """
    by_id = {item.id: item for item in items}
    found: dict[str, Range] = {}
    models: dict[str, Range] = {}
    for item in items:
        entries = _entries(limits) if item.foreach else 1
        found[item.id] = NOTHING
        for name, cost in parts_of(item, texts, _answers(item, by_id, limits), item.model or model):
            all_ = cost.up_to(entries)
            found[item.id] = found[item.id].plus(all_)
            models[name] = models.get(name, NOTHING).plus(all_)
    total = NOTHING
    for one in found.values():
        total = total.plus(one)
    return Cost(found, models, total, assumptions(items, limits))


def _entries(limits: Limits) -> int:
    """Of one list at most."""
    return max(1, min(limits.fan_out, limits.items))


def _answers(item: Item, by_id: Mapping[str, Item], limits: Limits) -> int:
    """Characters of what its dependencies answer at most; the entries of a list share its answer."""
    return sum(LABELS + held(_answer(item, id_, by_id.get(id_), limits)) for id_ in item.dependencies)


def _answer(item: Item, id_: str, before: Item | None, limits: Limits) -> int:
    each = longest_answer(before)
    if item.foreach and item.foreach.item == id_:
        return ceil(each / _entries(limits))
    return each * _entries(limits) if before and before.foreach else each


def assumptions(items: Collection[Item], limits: Limits) -> tuple[str, ...]:
    """What of these items the range has, and what it has not."""
    reviewed = [item.review.max_attempts for item in items if item.review]
    told = [
        "the least is the prompts that are known now, each answered with one token; "
        "the most is whole answers (max_tokens), and prompts with the whole answers of what comes before, as a budget "
        f"reserves them: long ones as writes to the cache, texts of over 4 KiB as {LONG_TEXT:,} characters or more"
    ]
    if reviewed:
        told.append(
            f"reviews: from one that passes to max_attempts (up to {max(reviewed)}) that are all sent back; "
            "the reviewer's calls and the texts that an optimizer makes of several reviews are in it"
        )
    if any(item.foreach for item in items):
        told.append(f"lists: from one entry to as many as the limits allow ({_entries(limits)} for one list)")
    return (*told, f"not in it: {', '.join(_left_out(items))}")


def _left_out(items: Collection[Item]) -> list[str]:
    left = ["attempts that fail and are made again"]
    if any(item.tools or item.review for item in items):
        left.append("further turns of conversations with tools")
    if any(SUBAGENTS in item.tools for item in items):
        left.append("sub-agents")
    if any(item.expand is Expand.RUN for item in items):
        left.append("items that an orchestrator adds, with their results in later prompts")
    return [*left, "skills and memories in prompts"]


def too_small(items: Iterable[Item], texts: Mapping[str, str], model: str) -> list[str]:
    """The items whose own budget is less than their first call may take: they would not even begin."""
    return [
        item.id
        for item in items
        if item.budget and not Account(item.budget).has_room(_first_call(item, texts, item.model or model))
    ]


def _first_call(item: Item, texts: Mapping[str, str], model: str) -> Reservation:
    """What it may take at least, whatever its dependencies answer."""
    return bound(model, first_prompt(item, texts, LONG_TEXT), item.max_tokens or MAX_TOKENS)


def check_prices(plan_models: Collection[str]) -> None:
    """Raises UserError for models whose price is unknown: dollars of them cannot be capped."""
    unknown = sorted(name for name in plan_models if price_of(name) is None)
    if unknown:
        raise UserError(
            f"the price of {', '.join(unknown)} is not known, so a budget in dollars cannot hold; "
            "give the budget in tokens, or choose a model with a price"
        )

"""What a plan may cost, before it is run: at least the prompts that are known now, at most a whole answer to each item.

One attempt per item. A model without a price costs nobody knows what, never nothing.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Any, NamedTuple

from actors.account import Account
from actors.errors import UserError
from actors.limits import Limits
from actors.models.estimate import reservation
from actors.models.pricing import price_of
from actors.roles.prompt import PROMPTS
from actors.work import Content, Item, Reservation
from cluster.plan import Plan
from cluster.run_budget import LABELS, MAX_TOKENS

CHARACTERS_PER_ANSWER_TOKEN = 5
"""At most, on the way from one item's answer to another's prompt."""


class Range(NamedTuple):
    """From the least to the most; dollars are None if a price is unknown."""

    least_tokens: int
    most_tokens: int
    least_usd: float | None
    most_usd: float | None

    def plus(self, other: "Range") -> "Range":
        """The sum; unknown if a part is."""
        return Range(
            self.least_tokens + other.least_tokens,
            self.most_tokens + other.most_tokens,
            None if self.least_usd is None or other.least_usd is None else self.least_usd + other.least_usd,
            None if self.most_usd is None or other.most_usd is None else self.most_usd + other.most_usd,
        )

    def times(self, least: int, most: int) -> "Range":
        """Of so many."""
        return Range(
            self.least_tokens * least,
            self.most_tokens * most,
            None if self.least_usd is None else self.least_usd * least,
            None if self.most_usd is None else self.most_usd * most,
        )

    def to_json(self) -> dict[str, Any]:
        """For machines."""
        return {"tokens": [self.least_tokens, self.most_tokens], "usd": [self.least_usd, self.most_usd]}


NOTHING = Range(0, 0, 0.0, 0.0)


class Cost(NamedTuple):
    """Of a plan."""

    items: Mapping[str, Range]
    models: Mapping[str, Range]
    total: Range


def cost_of(plan: Plan, model: str) -> Cost:
    """What the plan may cost if `model` works on the items that name none."""
    return cost_of_items(plan.graph.items, plan.payloads, model, plan.limits or Limits())


def cost_of_items(items: Collection[Item], texts: Mapping[str, str], model: str, limits: Limits) -> Cost:
    """The same of items that are to be added to a run: `texts` has those that their inputs refer to, by hash.

    A dependency that is not among them counts as a whole answer; a list that an item goes over may be empty, and as
    long as the limits allow.
    """
    by_id = {item.id: item for item in items}
    found = {item.id: _of(item, texts, by_id, item.model or model).times(*_entries(item, limits)) for item in items}
    models: dict[str, Range] = {}
    total = NOTHING
    for item in items:
        name = item.model or model
        models[name] = models.get(name, NOTHING).plus(found[item.id])
        total = total.plus(found[item.id])
    return Cost(found, models, total)


def too_small(items: Iterable[Item], texts: Mapping[str, str], model: str) -> list[str]:
    """The items whose own budget is less than their first call may take: they would not even begin."""
    return [
        item.id
        for item in items
        if item.budget and not Account(item.budget).has_room(_first_call(item, texts, item.model or model))
    ]


def check_prices(plan_models: Collection[str]) -> None:
    """Raises UserError for models whose price is unknown: dollars of them cannot be capped."""
    unknown = sorted(name for name in plan_models if price_of(name) is None)
    if unknown:
        raise UserError(
            f"the price of {', '.join(unknown)} is not known, so a budget in dollars cannot hold; "
            "give the budget in tokens, or choose a model with a price"
        )


def _of(item: Item, texts: Mapping[str, str], by_id: Mapping[str, Item], model: str) -> Range:
    known = _known(item, texts)
    answers = sum(LABELS + _longest_answer(by_id.get(id_)) for id_ in item.dependencies)
    least = reservation(model, known, 1)
    most = reservation(model, known + answers, item.max_tokens or MAX_TOKENS)
    return Range(least.tokens or 0, most.tokens or 0, least.usd, most.usd)


def _entries(item: Item, limits: Limits) -> tuple[int, int]:
    return (1, 1) if item.foreach is None else (0, min(limits.fan_out, limits.items))


def _first_call(item: Item, texts: Mapping[str, str], model: str) -> Reservation:
    """What it may take at least, whatever its dependencies answer."""
    return reservation(model, _known(item, texts), item.max_tokens or MAX_TOKENS)


def _known(item: Item, texts: Mapping[str, str]) -> int:
    """Characters of the prompt."""
    inputs = sum(LABELS + _length(content, texts) for content in item.inputs.values())
    return len(PROMPTS[item.agent].text) + len(item.description) + len(str(item.output or "")) + inputs


def _length(content: Content, payloads: Mapping[str, str]) -> int:
    return len(content.text if content.text is not None else payloads.get(content.ref or "", ""))


def _longest_answer(item: Item | None) -> int:
    return ((item.max_tokens if item else None) or MAX_TOKENS) * CHARACTERS_PER_ANSWER_TOKEN

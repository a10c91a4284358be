"""What a plan may cost, before it is run: at least the prompts that are known now, at most a whole answer to each item.

One attempt per item. A model without a price costs nobody knows what, never nothing.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from actors.errors import UserError
from actors.models.estimate import reservation
from actors.models.pricing import price_of
from actors.roles.prompt import PROMPTS
from actors.work import Content, Item
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
    items = {item.id: _of(item, plan, item.model or model) for item in plan.graph.items}
    models: dict[str, Range] = {}
    total = NOTHING
    for item in plan.graph.items:
        name = item.model or model
        models[name] = models.get(name, NOTHING).plus(items[item.id])
        total = total.plus(items[item.id])
    return Cost(items, models, total)


def check_prices(plan_models: set[str]) -> None:
    """Raises UserError for models whose price is unknown: dollars of them cannot be capped."""
    unknown = sorted(name for name in plan_models if price_of(name) is None)
    if unknown:
        raise UserError(
            f"the price of {', '.join(unknown)} is not known, so a budget in dollars cannot hold; "
            "give the budget in tokens, or choose a model with a price"
        )


def _of(item: Item, plan: Plan, model: str) -> Range:
    texts = sum(LABELS + _length(content, plan.payloads) for content in item.inputs.values())
    known = len(PROMPTS[item.agent].text) + len(item.description) + len(str(item.output or "")) + texts
    answers = sum(LABELS + _longest_answer(plan.graph.by_id[id_]) for id_ in item.dependencies)
    least = reservation(model, known, 1)
    most = reservation(model, known + answers, item.max_tokens or MAX_TOKENS)
    return Range(least.tokens or 0, most.tokens or 0, least.usd, most.usd)


def _length(content: Content, payloads: Mapping[str, str]) -> int:
    return len(content.text if content.text is not None else payloads.get(content.ref or "", ""))


def _longest_answer(item: Item) -> int:
    return (item.max_tokens or MAX_TOKENS) * CHARACTERS_PER_ANSWER_TOKEN

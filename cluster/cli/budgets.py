"""Budgets on the command line: as an option, in a line before a run, and what is left of one."""

from typing import Annotated

import typer
from pydantic import ValidationError

from actors.spending.budget import Budget
from cluster.cli.text import dollars, number, one_line
from cluster.plan import Plan
from cluster.plan.cost import check_prices, cost_of, too_small
from cluster.plan.cost_range import Range

EXAMPLE = "usd=5 or tokens=200000 or usd=5,tokens=200000"

NAMED = 3
"""Items in a line at most."""


def read(value: str | None) -> str | None:
    """Raises BadParameter for what is no budget."""
    if value is not None:
        parse(value)
    return value


def parse(value: str) -> Budget:
    """The budget of a text as in EXAMPLE. Raises BadParameter."""
    caps = dict(part.strip().partition("=")[::2] for part in value.split(","))
    try:
        budget = Budget.model_validate({name: float(cap) if name == "usd" else int(cap) for name, cap in caps.items()})
    except (ValidationError, ValueError):
        raise typer.BadParameter(f"{value!r:.60} is no budget; write {EXAMPLE}") from None
    return budget


Option = Annotated[str | None, typer.Option("--budget", help=f"Pause before it takes more: {EXAMPLE}.", callback=read)]


def of_run(told: str | None, plan: Plan, models: frozenset[str], model: str) -> Budget | None:
    """The budget of a new run; `model` is that of items that name none. Raises UserError if it cannot be held."""
    budget = (plan.budget or Budget()).changed(parse(told)) if told else plan.budget
    if budget and budget.usd is not None:
        check_prices(models)
    check_prices({item.model or model for item in plan.graph.items if item.budget and item.budget.usd is not None})
    return budget


def after(before: Budget | None, named: Budget | None) -> Budget | None:
    """What holds once a person has named these caps: a cap that nobody names stays as it is."""
    return (before or Budget()).changed(named or Budget()) or None


def preview(plan: Plan, model: str, budget: Budget | None) -> list[str]:
    """Lines before a run that has a budget, or whose items have."""
    items = plan.graph.items
    told = [] if not budget else [f"Budget: {caps(budget)}. {line(cost_of(plan, model).total)}; see `plan cost`."]
    short = [one_line(id_) for id_ in too_small(items, plan.payloads, model)]
    more = f" and {len(short) - NAMED} more" if len(short) > NAMED else ""
    named = f"{', '.join(short[:NAMED])}{more}"
    return told + ([f"Budgets of items that are less than their first call may take: {named}."] if short else [])


def line(cost: Range) -> str:
    """What it may cost, for people."""
    tokens = f"{number(cost.least_tokens)} to {number(cost.most_tokens)} tokens"
    if cost.least_usd is None or cost.most_usd is None:
        return f"It may take {tokens}; the price is not known"
    return f"It may take {tokens} and {dollars(cost.least_usd)} to {dollars(cost.most_usd)}"


def caps(budget: Budget) -> str:
    """As in $5.00 and 200k tokens."""
    usd = [] if budget.usd is None else [dollars(budget.usd)]
    tokens = [] if budget.tokens is None else [f"{number(budget.tokens)} tokens"]
    return " and ".join([*usd, *tokens])

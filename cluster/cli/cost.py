"""`plan cost` for people and for machines."""

from collections.abc import Sequence
from typing import Any

from cluster.cli.text import dollars, number, one_line
from cluster.plan.cost import Cost
from cluster.plan.cost_range import Range

HEAD = ("", "calls", "tokens", "cost")


def lines(cost: Cost) -> list[str]:
    """A row for each item and each model, then what the range assumes."""
    named = [*cost.items.items(), *((f"all of {key}", one) for key, one in cost.models.items()), ("total", cost.total)]
    rows = [HEAD, *((one_line(key), *_cells(one)) for key, one in named)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    assumed = [f"- {sentence}" for sentence in cost.assumes]
    return [*(_row(row, widths) for row in rows), "", "What this range assumes:", *assumed]


def facts(cost: Cost) -> dict[str, Any]:
    """The same for machines."""
    parts = {"items": cost.items, "models": cost.models}
    ranges = {part: {key: one.to_json() for key, one in named.items()} for part, named in parts.items()}
    return {**ranges, "total": cost.total.to_json(), "assumes": list(cost.assumes)}


def _row(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()


def _cells(one: Range) -> tuple[str, str, str]:
    calls = _from_to(str(one.least_calls), str(one.most_calls))
    tokens = _from_to(number(one.least_tokens), number(one.most_tokens))
    if one.least_usd is None or one.most_usd is None:
        return calls, tokens, "the price is not known"
    return calls, tokens, _from_to(dollars(one.least_usd), dollars(one.most_usd))


def _from_to(least: str, most: str) -> str:
    return least if least == most else f"{least} to {most}"

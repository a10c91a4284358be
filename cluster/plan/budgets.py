"""What a plan allows its run and its items: money, tokens, growth."""

from actors.spending.budget import Budget
from actors.vocabulary.limits import Limits
from cluster.plan.fields import read_fields
from cluster.plan.schema import CAPS, LIMITS
from cluster.plan.spot import Spot


def read_budget(spot: Spot) -> Budget | None:
    """Caps; None after a mistake."""
    fields = read_fields(spot, "the keys of a budget", CAPS, ())
    usd = fields["usd"].number(CAPS["usd"]) if "usd" in fields else None
    tokens = fields["tokens"].whole(CAPS["tokens"]) if "tokens" in fields else None
    if not fields:
        spot.wrong("the budget has no cap", "give it usd or tokens, or remove it")
    return Budget(usd=usd, tokens=tokens) if usd is not None or tokens is not None else None


def read_limits(spot: Spot) -> Limits:
    """How far the run may grow; the usual limits where it says nothing."""
    fields = read_fields(spot, "the keys of limits", LIMITS, ())
    values = {name: field.whole(LIMITS[name]) for name, field in fields.items()}
    return Limits.model_validate({name: value for name, value in values.items() if value is not None})

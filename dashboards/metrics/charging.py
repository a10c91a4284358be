"""What attempts used, charged once: turns as they are done, the rest when the attempt is closed."""

from actors.events import TurnDone
from actors.vocabulary.review import Ended
from actors.work import Failure, Frozen, Grows, Lost, Result, Usage
from dashboards.metrics import labels
from dashboards.metrics.totals import Totals
from dashboards.views.spent import Spent


class Open(Frozen):
    """An attempt that is not closed: what its finished turns were charged."""

    model: str
    usage: Usage = Usage()
    cost_usd: float = 0.0
    estimated_usd: float = 0.0
    unpriced: bool = False
    efforts: tuple[float, ...] = (0.0,) * 5


def charge(totals: Totals, before: Open, after: Open) -> None:
    """Count what `after` has more."""
    add = totals.count
    model, old, new = before.model, before.usage, after.usage
    kinds = {
        kind: getattr(new, f"{kind}_tokens") - getattr(old, f"{kind}_tokens") for kind in labels.VALUES["token_kind"]
    }
    for kind, tokens in kinds.items():
        add("tokens", model, kind, by=tokens)
    prompt = kinds["input"] + kinds["cache_read"] + kinds["cache_write"]
    for kind, tokens in (("input", prompt), ("output", kinds["output"])):
        if tokens > 0:
            who = (model, labels.provider(model), kind)
            totals.observe("gen_ai_client_token_usage", *who, value=tokens)
    add("cost_usd", model, by=after.cost_usd - before.cost_usd)
    add("cost_estimated_usd", model, by=after.estimated_usd - before.estimated_usd)
    if after.unpriced and not before.unpriced:
        add("unpriced_attempts", model)
    calls, retries, *waits = (now - then for now, then in zip(after.efforts, before.efforts, strict=True))
    add("model_calls", model, by=calls)
    add("model_call_retries", model, by=retries)
    for wait, seconds in zip(labels.VALUES["wait"], waits, strict=True):
        add("wait_seconds", model, wait, by=seconds)


def turned(before: Open, event: TurnDone) -> Open:
    """With one turn more."""
    return Open(
        model=before.model,
        usage=before.usage + event.usage,
        cost_usd=before.cost_usd + (event.cost_usd or 0.0),
        estimated_usd=before.estimated_usd + event.estimated_usd,
        unpriced=before.unpriced or event.cost_usd is None,
        efforts=tuple(a + b for a, b in zip(before.efforts, _efforts(event), strict=True)),
    )


def _efforts(of: TurnDone | Result | Failure | Grows | Ended) -> tuple[float, ...]:
    effort = of.effort
    return (effort.calls, effort.retries, effort.permit_s, effort.limit_s, effort.backoff_s)


def whole(before: Open, outcome: Result | Failure | Grows | Ended) -> Open:
    """What the attempt used, all its turns included; what they were charged stays charged."""
    spent = Spent()
    spent.add(outcome)
    return Open(
        model=before.model,
        usage=outcome.usage,
        cost_usd=before.cost_usd if spent.cost_usd is None else spent.cost_usd,
        estimated_usd=spent.estimated_usd,
        unpriced=before.unpriced or spent.cost_usd is None,
        efforts=_efforts(outcome),
    )


def at_most(before: Open, outcome: Lost) -> Open:
    """What is known, and what was reserved beyond it."""
    reserved = outcome.reserved.usd if outcome.reserved else None
    more = max((reserved or 0.0) - before.cost_usd, 0.0)
    update = {"cost_usd": before.cost_usd + more, "estimated_usd": before.estimated_usd + more}
    return before.model_copy(update=update)

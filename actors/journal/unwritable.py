"""Events that no journal takes, and what is written in place of an end that is one. Pure."""

from actors.events import Event, ItemClosed
from actors.journal.rows import to_row
from actors.vocabulary.characters import whole
from actors.work import Failure, FailureKind

SPENT = ("usage", "cost_usd", "estimated_usd", "estimated_tokens", "effort", "seconds")
"""Of an outcome: what the attempt took."""


def fault_of(event: Event) -> Exception | None:
    """Why the event cannot be written; None if it can."""
    try:
        to_row(event)
    except Exception as error:  # a serializer's, which may be of any kind
        return error
    return None


def failed(event: ItemClosed, fault: Exception) -> ItemClosed:
    """The same end as a failure of the agent, with what the attempt took."""
    outcome = event.outcome
    spent = {name: getattr(outcome, name) for name in SPENT if hasattr(outcome, name)}
    told = whole(f"the end of the attempt cannot be written: {type(fault).__name__}: {fault}")
    failure = Failure(reason=FailureKind.AGENT_FAULT, message=told, model=_model(event), **spent)
    return event.model_copy(update={"outcome": failure, "asked": None, "pending": False})


def _model(event: ItemClosed) -> str | None:
    model = event.asked or getattr(event.outcome, "model", None)
    return None if model is None else whole(model)

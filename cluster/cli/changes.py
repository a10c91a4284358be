"""A run as plain lines, one per change, for files, pipes and terminals that cannot move the cursor."""

from actors.events import (
    AgentStarted,
    AgentUnavailable,
    CancelRequested,
    ContinueRequested,
    Event,
    ItemCancelled,
    ItemClosed,
    ItemFailed,
    ItemSkipped,
    ItemStarted,
    PauseRequested,
    RunAccepted,
    RunFinished,
    RunPaused,
    RunResumed,
    RunStarted,
)
from actors.work import Lost, Result
from cluster.cli.frame import summary
from cluster.cli.tables import GAP, tokens
from cluster.cli.text import one_line, seconds
from dashboards.item_view import ItemView
from dashboards.projection import RunView


def line(view: RunView, event: Event) -> str | None:
    """The change as a line; None if it is none that a person waits for. The event was applied to the view before."""
    told = _told(view, event)
    if told is None:
        return None
    since = event.at - (event.at if view.accepted_at is None else view.accepted_at)
    return GAP.join([f"{max(since, 0):.1f}s", *(one_line(part) for part in told if part)])


def _told(view: RunView, event: Event) -> list[str] | None:
    match event:
        case RunAccepted():
            return [f"run {event.run}", "accepted", event.name, f"{event.items} items", f"model {event.model}"]
        case RunStarted():
            return [f"run {event.run}", "started", *([f"term {event.term}"] if event.term > 1 else [])]
        case RunPaused():
            return [f"run {event.run}", "paused", event.reason]
        case RunResumed():
            return [f"run {event.run}", "resumed"]
        case RunFinished():
            return [f"run {event.run}", event.status.value, summary(view)]
        case AgentStarted():
            return [event.agent, "started", *([f"generation {event.generation}"] if event.generation > 1 else [])]
        case AgentUnavailable():
            return [event.agent, "unavailable", event.reason]
        case CancelRequested() | PauseRequested() | ContinueRequested():
            target = event.target if isinstance(event, CancelRequested) and event.target else f"run {event.run}"
            return [target, event.type.replace("_", " ")]
        case _:
            return _told_of_item(view, event)


def _told_of_item(view: RunView, event: Event) -> list[str] | None:
    match event:
        case ItemStarted():
            item = view.items[event.item]
            again = [f"after: {item.error}"] if item.error else []
            return [item.id, "active", event.agent, _attempt(item), *again]
        case ItemClosed(outcome=Result()):
            item = view.items[event.item]
            return [item.id, "complete", event.agent, _attempt(item), *_spent(item)]
        case ItemClosed(outcome=Lost() as outcome):
            return [event.item, "lost", event.agent, f"attempt {event.attempt}", outcome.message]
        case ItemFailed():
            item = view.items[event.item]
            return [item.id, "failed", item.agent or "", _attempt(item), *_spent(item), event.message]
        case ItemSkipped():
            return [event.item, "skipped", view.items[event.item].error or ""]
        case ItemCancelled():
            return [event.item, "cancelled"]
        case _:
            return None


def _attempt(item: ItemView) -> str:
    return f"attempt {item.attempts}"


def _spent(item: ItemView) -> list[str]:
    used = tokens(item.usage)
    return [seconds(item.seconds), *([f"{used} tokens"] if used else [])]

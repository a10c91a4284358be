"""A run as plain lines, one per change, for files, pipes and terminals that cannot move the cursor."""

from collections.abc import Callable
from typing import Any, get_args

from actors.events import (
    AgentFailed,
    AgentRestarted,
    AgentStarted,
    AgentUnavailable,
    CancelRequested,
    ContinueRequested,
    Event,
    ItemCancelled,
    ItemClosed,
    ItemFailed,
    ItemJoined,
    ItemQuarantined,
    ItemReused,
    ItemsAdded,
    ItemSkipped,
    ItemStarted,
    ModelAvailable,
    ModelHeld,
    ModelUnavailable,
    PauseRequested,
    PhaseChanged,
    RunAccepted,
    RunFinished,
    RunPaused,
    RunResumed,
    RunStarted,
    RunWaiting,
)
from actors.journal.people import ApprovalRequested, ItemAccepted, Word
from actors.vocabulary.review import Questions, Verdict
from actors.work import Lost, Result
from cluster.cli.frame import summary
from cluster.cli.pace import held
from cluster.cli.tables import GAP, tokens
from cluster.cli.text import one_line, seconds
from dashboards.views.item_view import ItemView
from dashboards.views.projection import RunView


def line(view: RunView, event: Event) -> str | None:
    """The change as a line; None if it is none that a person waits for. The event was applied to the view before."""
    tell = _TOLD.get(type(event))
    told = tell(view, event) if tell else None
    if not told:
        return None
    since = event.at - (event.at if view.accepted_at is None else view.accepted_at)
    return GAP.join([f"{max(since, 0):.1f}s", *(one_line(part) for part in told if part)])


def _run_accepted(_view: RunView, event: RunAccepted) -> list[str]:
    return [f"run {event.run}", "accepted", event.name, f"{event.items} items", f"model {event.model}"]


def _run_started(_view: RunView, event: RunStarted) -> list[str]:
    return [f"run {event.run}", "started", f"term {event.term}" if event.term > 1 else ""]


def _run_paused(_view: RunView, event: RunPaused) -> list[str]:
    return [f"run {event.run}", "paused", event.reason]


def _run_waiting(_view: RunView, event: RunWaiting) -> list[str]:
    return [f"run {event.run}", "waiting", event.reason]


def _run_resumed(_view: RunView, event: RunResumed) -> list[str]:
    return [f"run {event.run}", "resumed"]


def _phase_changed(_view: RunView, event: PhaseChanged) -> list[str]:
    return [f"run {event.run}", f"phase {event.after.value}", f"{event.before.value} is over"]


def _run_finished(view: RunView, event: RunFinished) -> list[str]:
    return [f"run {event.run}", event.status.value, summary(view)]


def _agent_started(_view: RunView, event: AgentStarted) -> list[str]:
    return [event.agent, "started", f"generation {event.generation}" if event.generation > 1 else ""]


def _agent_unavailable(_view: RunView, event: AgentUnavailable) -> list[str]:
    return [event.agent, "unavailable", event.reason]


def _agent_restarted(_view: RunView, event: AgentRestarted) -> list[str]:
    return [event.agent, "restarting", event.reason]


def _agent_failed(_view: RunView, event: AgentFailed) -> list[str]:
    return [event.agent, "failed", event.reason]


def _model_unavailable(_view: RunView, event: ModelUnavailable) -> list[str]:
    return [f"model {event.model}", "unavailable", event.reason]


def _model_available(_view: RunView, event: ModelAvailable) -> list[str]:
    return [] if event.probe else [f"model {event.model}", "available"]


def _held(_view: RunView, event: ModelHeld) -> list[str]:
    return [f"model {event.model}", held(event)] if event.waiting or event.refused else []


def _requested(_view: RunView, event: CancelRequested | PauseRequested | ContinueRequested) -> list[str]:
    target = None if isinstance(event, PauseRequested) else event.target
    return [target or f"run {event.run}", event.type.replace("_", " ")]


def _item_started(view: RunView, event: ItemStarted) -> list[str]:
    item = view.items[event.item]
    return [item.id, "active", event.agent, _attempt(item), f"after: {item.error}" if item.error else ""]


def _item_closed(view: RunView, event: ItemClosed) -> list[str]:
    item = view.items[event.item]
    match event.outcome:
        case Result():
            state = "pending review" if event.pending else "complete"
            return [item.id, state, event.agent, _attempt(item), *_spent(item)]
        case Verdict(judgement=judgement):
            told = "review passed" if judgement.passed else f"review failed: {judgement.told}"
            return [item.id, told, event.agent]
        case Questions(questions=questions):
            return [item.id, "blocked", *questions, _command(item)]
        case Lost() as outcome:
            return [item.id, "lost", event.agent, f"attempt {event.attempt}", outcome.message]
    return []  # a failure is told when the item fails, or with its next attempt


def _item_reused(_view: RunView, event: ItemReused) -> list[str]:
    return [event.item, "complete", f"reused from run {event.origin}"]


def _items_added(_view: RunView, event: ItemsAdded) -> list[str]:
    refused = [one.refusal for one in event.granted if one.refusal]
    told = [f"by {len(event.items)} items"] if event.items else []
    return [event.item, "grows", *told, *(f"refused: {why}" for why in refused)]


def _item_joined(_view: RunView, event: ItemJoined) -> list[str]:
    return [event.item, "complete"]


def _item_accepted(_view: RunView, event: ItemAccepted) -> list[str]:
    return [event.item, "complete", "" if event.passed else "accepted without passing its review"]


def _asked(view: RunView, event: ApprovalRequested) -> list[str]:
    return [event.item, "blocked", f"approve? {event.message}", _command(view.items[event.item])]


def _said(_view: RunView, event: Word) -> list[str]:
    return [event.target, event.type.replace("_", " ")]


def _command(item: ItemView) -> str:
    waits = item.review.waits_for(item.state)
    return str(waits["command"]) if waits else ""


def _item_failed(view: RunView, event: ItemFailed) -> list[str]:
    item = view.items[event.item]
    return [item.id, "failed", item.agent or "", _attempt(item), *_spent(item), event.message]


def _item_quarantined(view: RunView, event: ItemQuarantined) -> list[str]:
    return [event.item, "quarantined", view.items[event.item].agent or "", event.message]


def _item_skipped(view: RunView, event: ItemSkipped) -> list[str]:
    return [event.item, "skipped", view.items[event.item].error or ""]


def _item_cancelled(_view: RunView, event: ItemCancelled) -> list[str]:
    return [event.item, "cancelled"]


def _attempt(item: ItemView) -> str:
    return f"attempt {item.attempts}" if item.attempts else ""


def _spent(item: ItemView) -> list[str]:
    used = tokens(item.usage)
    return [seconds(item.seconds), f"{used} tokens" if used else ""]


_TOLD: dict[type, Callable[[RunView, Any], list[str]]] = {
    RunAccepted: _run_accepted,
    RunStarted: _run_started,
    RunWaiting: _run_waiting,
    RunPaused: _run_paused,
    RunResumed: _run_resumed,
    RunFinished: _run_finished,
    PhaseChanged: _phase_changed,
    AgentStarted: _agent_started,
    AgentUnavailable: _agent_unavailable,
    AgentRestarted: _agent_restarted,
    AgentFailed: _agent_failed,
    ModelUnavailable: _model_unavailable,
    ModelAvailable: _model_available,
    ModelHeld: _held,
    CancelRequested: _requested,
    PauseRequested: _requested,
    ContinueRequested: _requested,
    ItemStarted: _item_started,
    ItemClosed: _item_closed,
    ItemAccepted: _item_accepted,
    ApprovalRequested: _asked,
    **dict.fromkeys(get_args(Word), _said),
    ItemReused: _item_reused,
    ItemsAdded: _items_added,
    ItemJoined: _item_joined,
    ItemFailed: _item_failed,
    ItemQuarantined: _item_quarantined,
    ItemSkipped: _item_skipped,
    ItemCancelled: _item_cancelled,
}

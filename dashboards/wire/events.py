"""What the outside sees of the journal: one row becomes the wire events it stands for, in each subject's order."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, get_args

from actors.events import (
    CancelRequested,
    ContinueRequested,
    Event,
    ItemAccepted,
    ItemAssigned,
    ItemCancelled,
    ItemClosed,
    ItemFailed,
    ItemJoined,
    ItemQuarantined,
    ItemReused,
    ItemsAdded,
    ItemSkipped,
    ItemStarted,
    PauseRequested,
    PhaseChanged,
    RunAccepted,
    RunFinished,
    RunPaused,
    RunResumed,
    RunStarted,
    RunWaiting,
    ToolDone,
    TurnDone,
)
from actors.journal.people import ApprovalRequested, Word
from actors.vocabulary.review import Consolidated, Ended, Questions, Requirements, Verdict
from actors.work import Failure, Grows, Item, Lost, Result
from dashboards.wire import fleet as wire_fleet
from dashboards.wire import memory as wire_memory
from dashboards.wire import review as wire_review
from dashboards.wire.growth import items_added

WireEvent = dict[str, Any]
Tasks = dict[str, str]
"""Descriptions by item id; `wire` adds those of items that the run grew by."""


def tasks_of(items: tuple[Item, ...]) -> Tasks:
    """The descriptions that `wire` asks for."""
    return {item.id: item.description for item in items}


def wire(event: Event, tasks: Tasks) -> list[WireEvent]:
    """The wire events of one row, in order; dashboards/wire/table.py has their fields. Ready for JSON."""
    if isinstance(event, ItemsAdded):
        tasks.update(tasks_of(event.items))
    moment = datetime.fromtimestamp(event.at, UTC).isoformat(timespec="milliseconds")
    common = {"seq": event.seq, "at": event.at, "timestamp": moment.replace("+00:00", "Z"), "run": event.run or None}
    return [{"type": type_, **common, **fields} for type_, fields in _TOLD[type(event)](event, tasks)]


Told = list[tuple[str, WireEvent]]


def _run_accepted(event: RunAccepted, _tasks: Tasks) -> Told:
    return [("run_accepted", _fields(event, "name", "key", "items", "digest", "model"))]


def _run_started(event: RunStarted, _tasks: Tasks) -> Told:
    return [("run_started", _fields(event, "term", "driver"))]


def _run_paused(event: RunPaused, _tasks: Tasks) -> Told:
    return [("run_paused", _fields(event, "term", "reason"))]


def _run_waiting(event: RunWaiting, _tasks: Tasks) -> Told:
    return [("run_waiting", _fields(event, "term", "reason"))]


def _run_resumed(event: RunResumed, _tasks: Tasks) -> Told:
    return [("run_resumed", _fields(event, "term"))]


def _run_finished(event: RunFinished, _tasks: Tasks) -> Told:
    return [("run_finished", {"term": event.term, "state": event.status.value, "counts": dict(event.counts)})]


def _phase_changed(event: PhaseChanged, _tasks: Tasks) -> Told:
    return [("phase_changed", {"from": event.before.value, "to": event.after.value, "term": event.term})]


def _item_assigned(event: ItemAssigned, tasks: Tasks) -> Told:
    rest = {"model": event.model, "task": tasks[event.item], "term": event.term, "alone": event.alone}
    rest["purpose"] = event.purpose.value
    again: Told = []
    if event.after:
        again = [("work_item_retried", {"item_id": event.item, "reason": event.after.value, "attempt": event.attempt})]
    return [*again, ("work_item_assigned", {**_attempt(event), **rest})]


def _started(event: ItemStarted | ItemClosed, tasks: Tasks) -> Told:
    who = {"item_id": event.item, "agent_id": event.agent, "epoch": event.epoch, "generation": event.generation}
    return [("work_item_started", who), ("agent_started", {**who, "task": tasks[event.item]})]


def _item_closed(event: ItemClosed, tasks: Tasks) -> Told:
    attempt, agent = _attempt(event), {"generation": event.generation}
    began = [] if event.started else _started(event, tasks)
    match event.outcome:
        case Result() as outcome:
            spent = _spent(outcome)
            made: Told = [("agent_completed", {**attempt, **agent, **_answer(outcome), **spent})]
            end = "work_item_pending_review" if event.pending else "work_item_completed"
            return [*began, *made, (end, {**attempt, **spent})]
        case Failure() as outcome:
            why = {"error": outcome.message, "reason": outcome.reason.value}
            return [*began, ("agent_failed", {**attempt, **agent, **why, **_spent(outcome)})]
        case Grows() as outcome:
            stopped = {**attempt, **agent, "wants": len(outcome.wants), **_spent(outcome)}
            return [*began, ("agent_handed_off", stopped)]
        case Lost() as outcome:
            return [("work_item_lost", {**attempt, **agent, "error": outcome.message, "suspect": outcome.suspect})]
        case Verdict() | Questions() | Requirements() | Consolidated() as outcome:
            said = ("agent_completed", {**attempt, **agent, **_spent(outcome)})
            return [*began, said, wire_review.ended(attempt, outcome)]


def _turn_done(event: TurnDone, _tasks: Tasks) -> Told:
    told: Told = [("turn_completed", {**_within(event), "model": event.model, **_used(event)})]
    if event.usage_percent is not None:
        told.append(("context_checkpointed", {**_within(event), "usage_percent": event.usage_percent}))
    return told


def _tool_done(event: ToolDone, _tasks: Tasks) -> Told:
    return [("tool_completed", {**_within(event), **_fields(event, "call", "tool", "is_error", "seconds")})]


def _within(event: TurnDone | ToolDone) -> WireEvent:
    return {"item_id": event.item, "agent_id": event.agent, "epoch": event.epoch, "turn": event.turn}


def _item_reused(event: ItemReused, _tasks: Tasks) -> Told:
    who = {"item_id": event.item, "origin": event.origin, "model": event.outcome.model}
    return [("work_item_reused", {**who, **_answer(event.outcome)})]


def _item_joined(event: ItemJoined, _tasks: Tasks) -> Told:
    return [("work_item_joined", {"item_id": event.item, **_answer(event.outcome), "term": event.term})]


def _item_accepted(event: ItemAccepted, _tasks: Tasks) -> Told:
    who = {"item_id": event.item, "passed": event.passed, "model": event.outcome.model, "term": event.term}
    return [("work_item_completed", who)]


def _item_failed(event: ItemFailed, _tasks: Tasks) -> Told:
    why = {"error": event.message, "reason": event.reason.value}
    return [("work_item_failed", {"item_id": event.item, "attempts": event.attempts, **why, "term": event.term})]


def _item_quarantined(event: ItemQuarantined, _tasks: Tasks) -> Told:
    return [("work_item_quarantined", {"item_id": event.item, "error": event.message, "term": event.term})]


def _item_skipped(event: ItemSkipped, _tasks: Tasks) -> Told:
    return [("work_item_skipped", {"item_id": event.item, "cause": event.cause, "term": event.term})]


def _item_cancelled(event: ItemCancelled, _tasks: Tasks) -> Told:
    return [("work_item_cancelled", {"item_id": event.item, "term": event.term})]


REQUESTED = {"target": "item_id", "budget": "caps", "limits": "limits"}


def _requested(event: CancelRequested | PauseRequested | ContinueRequested, _tasks: Tasks) -> Told:
    told = event.model_dump(include=set(REQUESTED), exclude_none=True)
    return [(event.type, {REQUESTED[name]: value for name, value in told.items()})]


def _fields(event: Event | Result | Failure | Grows | Ended, *names: str) -> WireEvent:
    return {name: getattr(event, name) for name in names}


def _attempt(event: ItemAssigned | ItemClosed) -> WireEvent:
    return {"item_id": event.item, "agent_id": event.agent, "epoch": event.epoch, "attempt": event.attempt}


def _answer(outcome: Result) -> WireEvent:
    told = {"result": outcome.data.model_dump(exclude_none=True), "truncated": outcome.truncated}
    return {**told, "memory_ids": list(outcome.memory_ids)}


def _spent(outcome: Result | Failure | Grows | Ended) -> WireEvent:
    told = {"model": outcome.model, "seconds": outcome.seconds}
    return {**told, **_used(outcome)}


def _used(of: Result | Failure | Grows | Ended | TurnDone) -> WireEvent:
    money = _fields(of, "cost_usd", "estimated_usd")
    return {"usage": of.usage.model_dump(), **money, "effort": of.effort.model_dump()}


_TOLD: dict[type, Callable[[Any, Tasks], Told]] = {
    RunAccepted: _run_accepted,
    RunStarted: _run_started,
    RunWaiting: _run_waiting,
    RunPaused: _run_paused,
    RunResumed: _run_resumed,
    RunFinished: _run_finished,
    PhaseChanged: _phase_changed,
    ItemAssigned: _item_assigned,
    ItemStarted: _started,
    TurnDone: _turn_done,
    ToolDone: _tool_done,
    ItemClosed: _item_closed,
    ItemReused: _item_reused,
    ItemsAdded: items_added,
    ItemJoined: _item_joined,
    ItemAccepted: _item_accepted,
    ApprovalRequested: wire_review.asked,
    **dict.fromkeys(get_args(Word), wire_review.said),
    ItemFailed: _item_failed,
    ItemQuarantined: _item_quarantined,
    ItemSkipped: _item_skipped,
    ItemCancelled: _item_cancelled,
    CancelRequested: _requested,
    PauseRequested: _requested,
    ContinueRequested: _requested,
    **wire_fleet.TOLD,
    **wire_memory.TOLD,
}

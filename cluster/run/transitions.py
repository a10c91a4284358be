"""The life of an item and of a run: every transition, in two tables. A missing key is an illegal transition.

`docs/states.md` is drawn from these tables.
"""

from typing import Final

from actors.errors import MnemosyneError
from actors.events import ItemClosed
from actors.vocabulary.review import Purpose, Verdict
from actors.work import FINISHED, ItemState, Result, RunStatus

READY_NOW: Final = "dependencies_complete"

ITEM: Final[dict[tuple[ItemState, str], ItemState]] = {
    (ItemState.WAITING, READY_NOW): ItemState.READY,
    (ItemState.WAITING, "item_skipped"): ItemState.SKIPPED,
    (ItemState.WAITING, "item_reused"): ItemState.COMPLETE,
    (ItemState.READY, "item_reused"): ItemState.COMPLETE,
    (ItemState.READY, "items_added"): ItemState.WAITING,
    (ItemState.READY, "item_joined"): ItemState.COMPLETE,
    (ItemState.READY, "item_assigned"): ItemState.ACTIVE,
    (ItemState.READY, "item_failed"): ItemState.FAILED,
    (ItemState.READY, "item_quarantined"): ItemState.QUARANTINED,
    (ItemState.WAITING, "item_cancelled"): ItemState.CANCELLED,
    (ItemState.READY, "item_cancelled"): ItemState.CANCELLED,
    (ItemState.ACTIVE, "item_started"): ItemState.ACTIVE,
    (ItemState.ACTIVE, "turn_done"): ItemState.ACTIVE,
    (ItemState.ACTIVE, "tool_done"): ItemState.ACTIVE,
    (ItemState.ACTIVE, "item_closed:result"): ItemState.COMPLETE,
    (ItemState.ACTIVE, "item_closed:failure"): ItemState.READY,
    (ItemState.ACTIVE, "item_closed:grows"): ItemState.READY,
    (ItemState.ACTIVE, "item_closed:lost"): ItemState.READY,
    (ItemState.ACTIVE, "item_closed:requirements"): ItemState.READY,
    (ItemState.ACTIVE, "item_closed:consolidated"): ItemState.READY,
    (ItemState.ACTIVE, "item_closed:pending"): ItemState.PENDING_REVIEW,
    (ItemState.PENDING_REVIEW, "item_assigned"): ItemState.ACTIVE,
    (ItemState.ACTIVE, "review_closed:failure"): ItemState.PENDING_REVIEW,
    (ItemState.ACTIVE, "review_closed:lost"): ItemState.PENDING_REVIEW,
    (ItemState.ACTIVE, "review_closed:passed"): ItemState.PENDING_REVIEW,
    (ItemState.ACTIVE, "review_closed:rejected"): ItemState.READY,
    (ItemState.PENDING_REVIEW, "item_accepted"): ItemState.COMPLETE,
    (ItemState.READY, "item_accepted"): ItemState.COMPLETE,
    (ItemState.ACTIVE, "item_closed:questions"): ItemState.BLOCKED,
    (ItemState.READY, "approval_requested"): ItemState.BLOCKED,
    (ItemState.PENDING_REVIEW, "approval_requested"): ItemState.BLOCKED,
    (ItemState.BLOCKED, "answer_given"): ItemState.READY,
    (ItemState.BLOCKED, "approval_granted"): ItemState.READY,
    (ItemState.BLOCKED, "approval_denied"): ItemState.READY,
    (ItemState.PENDING_REVIEW, "item_failed"): ItemState.FAILED,
    (ItemState.PENDING_REVIEW, "item_quarantined"): ItemState.QUARANTINED,
    (ItemState.PENDING_REVIEW, "item_cancelled"): ItemState.CANCELLED,
    (ItemState.BLOCKED, "item_cancelled"): ItemState.CANCELLED,
}
"""A failure makes the item ready again; whether it gets another attempt or `item_failed` is the driver's decision.

`pending`: a result that is reviewed. `review_closed`: of an attempt that reviews.
"""

RUN: Final[dict[tuple[RunStatus, str], RunStatus]] = {
    (RunStatus.RUNNING, "run_accepted"): RunStatus.RUNNING,
    (RunStatus.RUNNING, "run_started"): RunStatus.RUNNING,
    (RunStatus.RUNNING, "run_waiting"): RunStatus.WAITING,
    (RunStatus.RUNNING, "run_paused"): RunStatus.PAUSED,
    (RunStatus.WAITING, "run_started"): RunStatus.WAITING,
    (RunStatus.WAITING, "run_paused"): RunStatus.PAUSED,
    (RunStatus.WAITING, "run_resumed"): RunStatus.RUNNING,
    (RunStatus.PAUSED, "run_started"): RunStatus.PAUSED,
    (RunStatus.PAUSED, "run_resumed"): RunStatus.RUNNING,
    **{
        (status, f"run_finished:{end.value}"): end
        for status in (RunStatus.RUNNING, RunStatus.WAITING, RunStatus.PAUSED)
        for end in sorted(FINISHED)
    },
}


class InvalidTransition(MnemosyneError):
    """An event does not fit the state; nothing was changed. Please report it with its story."""


def closing(event: ItemClosed, purpose: Purpose) -> str:
    """The event's name in the table, where the attempt had this purpose."""
    match event.outcome:
        case Result() if event.pending:
            return "item_closed:pending"
        case Verdict() as outcome:
            return f"review_closed:{'passed' if outcome.judgement.passed else 'rejected'}"
    of = "review" if purpose is Purpose.REVIEW else "item"
    return f"{of}_closed:{event.outcome.kind}"


def item_after(item: str, state: ItemState, event: str, story: list[str]) -> ItemState:
    """The item's next state. Raises InvalidTransition with the item's story."""
    try:
        return ITEM[state, event]
    except KeyError:
        told = ", ".join(story) or "nothing yet"
        raise InvalidTransition(f"item {item!r} is {state.value} and cannot take {event}; so far: {told}") from None


def run_after(status: RunStatus, event: str) -> RunStatus:
    """The run's next status. Raises InvalidTransition."""
    try:
        return RUN[status, event]
    except KeyError:
        raise InvalidTransition(f"a run that is {status.value} cannot take {event}") from None

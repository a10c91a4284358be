"""The fact that is owed about an item which no agent works on: its end, or a question to a person."""

from typing import NamedTuple

from actors.journal.people import Approval
from actors.vocabulary.review import Exhausted, Purpose, Ruling
from actors.work import Failure, FailureKind, ItemState, Lost
from cluster.run.commands import Append
from cluster.run.facts import Facts
from cluster.run.item_view import ItemView
from cluster.run.rounds import Rounds


def due(facts: Facts, item: str, view: ItemView, *, cancelled: bool) -> Append | None:
    """None if the item waits for an agent, a dependency or a person."""
    if view.state not in (ItemState.READY, ItemState.PENDING_REVIEW, ItemState.BLOCKED):
        return None
    if isinstance(view.last, Lost):
        return facts.quarantined(item, f"it worked alone, and again: {view.last.message}")
    if view.rounds:
        return _of_rounds(facts, item, view, view.rounds, cancelled=cancelled)
    if isinstance(view.last, Failure):
        return facts.failed(item, view.attempts, view.last.reason, view.last.message)
    return facts.cancelled(item) if cancelled else None


def _of_rounds(facts: Facts, item: str, view: ItemView, rounds: Rounds, *, cancelled: bool) -> Append | None:
    if rounds.judgement and rounds.judgement.passed:
        return facts.accepted(item, rounds, passed=True)
    if isinstance(view.last, Failure) and rounds.purpose is not Purpose.REVIEW:
        return facts.failed(item, view.attempts, view.last.reason, view.last.message)
    if rounds.denied is not None and rounds.asked and rounds.asked.what is Approval.GROWTH:
        return _refused(facts, item, view, rounds)
    if end := _exhausted(view, rounds):
        return _decided(facts, item, view, rounds, end, cancelled=cancelled)
    if cancelled:
        return facts.cancelled(item)
    return _begins(facts, item, view, rounds) if rounds.item.approve and not view.epoch else None


class End(NamedTuple):
    """Why no review will pass a result."""

    reason: FailureKind | Ruling
    message: str


def _exhausted(view: ItemView, rounds: Rounds) -> End | None:
    """Why no review will pass it, if that is so."""
    if isinstance(view.last, Failure):
        return End(view.last.reason, f"the review has no verdict: {view.last.message}")
    if rounds.judgement and rounds.item.review and rounds.rejected >= rounds.item.review.max_attempts:
        told = f"{rounds.rejected} reviewed, none passed; the last lacks {rounds.judgement.told}"
        return End(Ruling.REVIEW_FAILED, told)
    return None


def _begins(facts: Facts, item: str, view: ItemView, rounds: Rounds) -> Append | None:
    if rounds.denied is not None:
        return _refused(facts, item, view, rounds)
    if rounds.asked:
        return None
    return facts.asked(item, view, Approval.START, "it is to begin")


def _decided(facts: Facts, item: str, view: ItemView, rounds: Rounds, end: End, *, cancelled: bool) -> Append | None:
    """What the plan, or a person, says of a result that no review has passed."""
    assert rounds.item.review
    what = rounds.item.review.on_exhausted
    asked = rounds.asked if rounds.asked and rounds.asked.what is Approval.RESULT else None
    if what is Exhausted.ACCEPT or (asked and rounds.granted):
        return facts.accepted(item, rounds, passed=False)
    if what is Exhausted.FAIL:
        return facts.failed(item, view.attempts, end.reason, end.message)
    if asked and rounds.denied is not None:
        return _refused(facts, item, view, rounds)
    if cancelled:
        return facts.cancelled(item)
    return None if asked else facts.asked(item, view, Approval.RESULT, end.message)


def _refused(facts: Facts, item: str, view: ItemView, rounds: Rounds) -> Append:
    told = f"a person denied it{f': {rounds.denied}' if rounds.denied else ''}"
    return facts.failed(item, view.attempts, Ruling.DENIED, told)

"""What the outside sees of reviews and of what people are asked."""

from typing import Any

from actors.journal.people import ApprovalDenied, ApprovalRequested, Word
from actors.vocabulary.review import Consolidated, Questions, Requirements, Verdict

Fields = dict[str, Any]


def ended(attempt: Fields, outcome: Verdict | Questions | Requirements | Consolidated) -> tuple[str, Fields]:
    """What an attempt that is neither a result nor a failure means to its item."""
    match outcome:
        case Verdict(judgement=judgement):
            found = judgement.model_dump(mode="json")
            return ("review_passed" if judgement.passed else "review_failed"), {**attempt, **found}
        case Questions(questions=questions):
            return "needs_clarification", {**attempt, "questions": list(questions)}
        case Requirements(requirements=requirements):
            return "requirements_extracted", {**attempt, "requirements": list(requirements)}
        case Consolidated(reviews=reviews):
            return "feedback_consolidated", {**attempt, "reviews": reviews}


def asked(event: ApprovalRequested, _tasks: object) -> list[tuple[str, Fields]]:
    """A person is asked."""
    told = {"item_id": event.item, "epoch": event.epoch, "what": event.what.value, "reason": event.message}
    return [("approval_requested", {**told, "term": event.term})]


def said(event: Word, _tasks: object) -> list[tuple[str, Fields]]:
    """A person spoke."""
    told: Fields = {"item_id": event.target, "epoch": event.epoch}
    if isinstance(event, ApprovalDenied):
        told["reason"] = event.reason
    return [(event.type, told)]

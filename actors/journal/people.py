"""What follows from a review, what people are asked about an item, and what they say.

A word names its item as `target`, and its question's epoch: one that comes twice, or too late, is about another
question and changes nothing.
"""

from enum import StrEnum
from typing import Literal

from actors.journal.recorded import Recorded
from actors.work import ItemId, Result


class Approval(StrEnum):
    """What a person is asked to approve."""

    START = "start"
    """That the item begins: `approve: true`."""
    RESULT = "result"
    """That its last result is taken although no review passed it: `on_exhausted: ask`."""
    GROWTH = "growth"
    """That the run grows by what the item adds, once over its limits."""


class ApprovalRequested(Recorded):
    """The item waits until a person approves or denies."""

    type: Literal["approval_requested"] = "approval_requested"
    item: ItemId
    epoch: int
    """Of its newest attempt; 0 before the first."""
    what: Approval
    message: str
    term: int


class ItemAccepted(Recorded):
    """The item is complete with the result of its newest attempt of work, which waited for that."""

    type: Literal["item_accepted"] = "item_accepted"
    item: ItemId
    passed: bool
    """Whether a review passed it; else its plan or a person took it as it is."""
    outcome: Result
    """As the attempt ended; paid for there."""
    term: int


class AnswerGiven(Recorded):
    """A person answered the questions that an attempt ended with."""

    type: Literal["answer_given"] = "answer_given"
    target: ItemId
    epoch: int
    text: str


class ApprovalGranted(Recorded):
    """A person wants the item to go on."""

    type: Literal["approval_granted"] = "approval_granted"
    target: ItemId
    epoch: int


class ApprovalDenied(Recorded):
    """A person does not want the item to go on."""

    type: Literal["approval_denied"] = "approval_denied"
    target: ItemId
    epoch: int
    reason: str = ""


Word = AnswerGiven | ApprovalGranted | ApprovalDenied
"""What a person says of one item."""

"""What reviews and people have to do with an item, as a person sees it: a fold over its events."""

import shlex
from typing import Any

from actors.journal.people import AnswerGiven, ApprovalRequested, Word
from actors.vocabulary.review import Judgement, Questions, Requirements, Verdict
from actors.work import Item, ItemState


class ItemReview:
    """One item's: requirements with their status, the newest verdict, what people are asked."""

    def __init__(self, run: str, item: Item) -> None:
        self._run, self._item = run, item.id
        self.requirements = item.requirements
        self.judgement: Judgement | None = None
        """The newest verdict."""
        self.reviews = 0
        """Verdicts so far."""
        self.passed: bool | None = None
        """Whether the item's result was passed by a review; None as long as it has none, or was not reviewed."""
        self.asked: Questions | ApprovalRequested | None = None
        """What a person was asked last."""
        self.epoch = 0
        """Of that question."""

    def ask(self, asked: Questions | ApprovalRequested, epoch: int) -> None:
        """A person has to say something."""
        self.asked, self.epoch = asked, epoch

    def takes(self, word: Word, state: ItemState) -> bool:
        """Whether this is what the item waits for."""
        answers = isinstance(word, AnswerGiven) is isinstance(self.asked, Questions)
        return state is ItemState.BLOCKED and word.epoch == self.epoch and answers

    def judged(self, outcome: Verdict) -> None:
        """A review is done."""
        self.judgement = outcome.judgement
        self.reviews += 1

    def extracted(self, outcome: Requirements) -> None:
        """The requirements are known."""
        self.requirements = outcome.requirements

    def waits_for(self, state: ItemState) -> dict[str, Any] | None:
        """What a person is asked, and the command that answers; None if nothing."""
        if state is not ItemState.BLOCKED or self.asked is None:
            return None
        if isinstance(self.asked, Questions):
            command = shlex.join(["mnemosyne", "answer", self._run, self._item])
            said = {"kind": "answer", "epoch": self.epoch, "questions": list(self.asked.questions)}
            return {**said, "command": f"{command} '...'"}
        command = shlex.join(["mnemosyne", "approve", self._run, self._item])
        told = {"kind": "approval", "epoch": self.epoch, "what": self.asked.what.value, "message": self.asked.message}
        return {**told, "command": f"{command}  (or deny)"}

    def to_json(self, state: ItemState) -> dict[str, Any]:
        """For machines."""
        gates = [one.model_dump(mode="json") for one in self.judgement.gates] if self.judgement else []
        return {
            "requirement_status": self._requirements(),
            "implementation_evidence": gates,
            "reviews": self.reviews,
            "passed_review": self.passed,
            "waits_for": self.waits_for(state),
        }

    def _requirements(self) -> list[dict[str, Any]]:
        found = {one.requirement: one for one in self.judgement.requirements} if self.judgement else {}
        return [
            {
                "requirement": text,
                "status": ("satisfied" if found[text].satisfied else "unsatisfied") if text in found else "open",
                "evidence": found[text].evidence if text in found else None,
            }
            for text in self.requirements
        ]

"""How far an item is that is reviewed, or that people are asked about: what its next attempt is for, what it is told.

Changed by what is on disk alone, so that every driver that replays it knows the same.
"""

from typing import Literal

from actors.journal.people import AnswerGiven, Approval, ApprovalDenied, ApprovalGranted, ApprovalRequested, Word
from actors.vocabulary.review import ONE_BY_ONE, Answered, Judgement, Purpose, Questions, Requirements, Verdict
from actors.work import Content, Item, Made, Result, Turn

Asked = Literal["answer", "approval"]


class Rounds:
    """One item's."""

    __slots__ = (
        "answers",
        "asked",
        "consolidated",
        "denied",
        "feedback",
        "granted",
        "item",
        "judgement",
        "made",
        "questions",
        "requirements",
        "result",
        "settled",
        "tries",
        "words",
    )

    def __init__(self, item: Item) -> None:
        self.item = item
        self.requirements: tuple[str, ...] | None = None if item.extract else item.requirements
        """None until they are extracted."""
        self.result: Result | None = None
        """Of the newest attempt of work, from its end until a review sends it back and the next one begins."""
        self.made: Made | None = None
        self.judgement: Judgement | None = None
        """Of that result."""
        self.feedback: tuple[Judgement, ...] = ()
        self.consolidated: Content | None = None
        """What an agent made of the feedback, for the next attempt of work."""
        self.settled = 0
        """Reviews that an agent has looked at together, or that the next attempt is told of without."""
        self.tries = 0
        """Charged attempts of the review, extraction or consolidation that is to be done."""
        self.questions: Questions | None = None
        """The newest; they are open as long as the item is blocked."""
        self.answers: tuple[Answered, ...] = ()
        self.asked: ApprovalRequested | None = None
        self.granted = False
        """Whether what was asked last was approved."""
        self.denied: str | None = None
        self.words: dict[tuple[int, Asked], Word] = {}
        """The first that was said to each question, by epoch. A driver may read one before it knows that its own
        question is on disk."""

    @property
    def purpose(self) -> Purpose:
        """Of the attempt that is under way, or comes next."""
        if self.requirements is None:
            return Purpose.EXTRACT
        if self.result and not self.judgement:
            return Purpose.REVIEW
        return Purpose.CONSOLIDATE if self._several and self.settled < self.rejected else Purpose.WORK

    @property
    def _several(self) -> bool:
        """Whether there is another attempt of work, and more than one review to tell it of."""
        review = self.item.review
        return review is not None and ONE_BY_ONE <= self.rejected < review.max_attempts

    @property
    def widened(self) -> bool:
        """Whether a person has allowed the run to grow over its limits by what the item adds."""
        return self.granted and self.asked is not None and self.asked.what is Approval.GROWTH

    @property
    def rejected(self) -> int:
        """Attempts that reviews sent back."""
        return len(self.feedback)

    def worked(self, result: Result, turns: tuple[Turn, ...]) -> None:
        """An attempt of work ended with a result that is to be reviewed."""
        self.result, self.made, self.judgement, self.tries = result, Made(data=result.data, turns=turns), None, 0

    def judged(self, verdict: Verdict) -> None:
        """Its review is done."""
        self.judgement, self.tries = verdict.judgement, 0
        if not verdict.judgement.passed:
            self.feedback, self.consolidated = (*self.feedback, verdict.judgement), None
            assert self.made
            self.made = Made(data=self.made.data)

    def settle(self, text: Content | None) -> None:
        """What the reviews so far found is one text now; None: the next attempt of work goes without."""
        self.consolidated, self.settled, self.tries = text, self.rejected, 0

    def extracted(self, found: Requirements) -> None:
        """The requirements are known."""
        self.requirements, self.tries = found.requirements, 0

    def ask(self, event: ApprovalRequested) -> None:
        """A person is asked."""
        self.asked, self.granted, self.denied = event, False, None

    def hear(self, word: Word) -> None:
        """A person said something; what counts is the first word to a question."""
        self.words.setdefault((word.epoch, _kind(word)), word)

    def reply(self, epoch: int) -> Word | None:
        """What a person said to the question that was asked at this epoch."""
        asked: Asked = "approval" if self.asked and self.asked.epoch == epoch else "answer"
        return self.words.get((epoch, asked))

    def take(self, word: Word) -> None:
        """Go on with it."""
        match word:
            case AnswerGiven():
                assert self.questions
                where = {"turn": self.questions.turn, "call": self.questions.call}
                said = Answered(**where, questions=self.questions.questions, text=word.text)
                self.answers = (*self.answers, said)
            case ApprovalGranted():
                self.granted = True
            case ApprovalDenied():
                self.denied = word.reason


def _kind(word: Word) -> Asked:
    return "answer" if isinstance(word, AnswerGiven) else "approval"


_PLAIN = {"review": None, "approve": False, "clarify": False, "requirements": (), "extract": False}


def rounds_of(item: Item) -> Rounds | None:
    """None if there is no more to the item than its work. What an item adds for a list has its own."""
    if item.foreach:
        return Rounds(item.model_copy(update=_PLAIN))
    more = item.review or item.approve or item.clarify or item.requirements or item.expand
    return Rounds(item) if more else None

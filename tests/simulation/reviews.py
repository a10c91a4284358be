"""What the events of an item say of its reviews: what comes next, what was done. Knows nothing of run states."""

from actors.events import ItemClosed
from actors.vocabulary.review import Consolidated, Purpose, Verdict
from actors.work import Item

SEVERAL = 2
"""Reviews that an attempt is told of together."""


class ReviewStory:
    """One item's; of one without a review every step is work."""

    __slots__ = ("digested", "most", "passed", "pending", "sent_back", "tries")

    def __init__(self, item: Item) -> None:
        self.most = item.review.max_attempts if item.review else 0
        self.pending = self.passed = False
        """Whether a result waits for its verdict, or for what follows from it; whether that is a good one."""
        self.sent_back = self.digested = self.tries = 0

    @property
    def next(self) -> Purpose:
        """What an attempt that begins now is for."""
        if self.pending:
            return Purpose.REVIEW
        several = SEVERAL <= self.sent_back < self.most
        return Purpose.CONSOLIDATE if several and self.digested < self.sent_back else Purpose.WORK

    @property
    def over(self) -> bool:
        """Whether no attempt is left."""
        return 0 < self.most <= self.sent_back

    def closed(self, event: ItemClosed) -> bool:
        """The attempt ended well; whether it was the item's last."""
        self.tries = 0
        match event.outcome:
            case Verdict() as outcome:
                self.passed = outcome.judgement.passed
                self.pending = self.passed
                self.sent_back += not self.passed
                return False
            case Consolidated():
                self.digested = self.sent_back
                return False
        self.pending = event.pending
        return not event.pending

    def skip(self) -> None:
        """Nobody can make one text of the reviews: the work goes on without."""
        self.digested, self.tries = self.sent_back, 0

"""What the events say of one item."""

from actors.vocabulary.review import Purpose
from actors.work import Item
from tests.simulation.reviews import ReviewStory


def nobody() -> bool:
    """Whether somebody lives who is not there."""
    return False


class ItemStory:
    """What the events say of one item."""

    __slots__ = (
        "agent",
        "alone",
        "charged",
        "dependencies",
        "done",
        "end",
        "epoch",
        "failures",
        "lists",
        "lost",
        "open",
        "outcome_lives",
        "over",
        "paid",
        "parent",
        "purpose",
        "requeues",
        "reused",
        "reviews",
        "started",
        "suspect",
        "suspected",
    )

    def __init__(self, item: Item) -> None:
        self.dependencies, self.reviews, self.purpose = item.dependencies, ReviewStory(item), Purpose.WORK
        self.parent, self.lists = item.parent, item.foreach is not None
        self.epoch, self.open, self.started, self.agent, self.reused = 0, False, False, "", False
        self.charged = self.lost = self.paid = self.failures = self.requeues = self.suspected = self.done = 0
        self.alone = self.suspect = False
        self.over = ""  # how it has to end, by its outcomes
        self.end = ""
        self.outcome_lives = nobody

    def skip(self) -> None:
        """What its reviews found is not made one text."""
        self.reviews.skip()
        self.suspect, self.over, self.requeues = False, "", 0

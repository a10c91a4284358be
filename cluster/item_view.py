"""An item as its run's driver sees it."""

from actors.work import Failure, ItemState


class ItemView:
    """What the run knows of one item."""

    __slots__ = ("agent", "attempts", "epoch", "failure", "left", "state", "story", "users")

    def __init__(self, left: int, users: int) -> None:
        self.state = ItemState.WAITING
        self.left = left  # dependencies that are not complete
        self.users = users  # dependents that are not terminal
        self.epoch = 0
        self.attempts = 0  # what is charged to the item
        self.agent = ""
        self.failure: Failure | None = None
        self.story: list[str] = []

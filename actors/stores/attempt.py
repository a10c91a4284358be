"""The newest attempt of an item in the store's twin, and what a plan takes over from an earlier run."""

from collections.abc import Container

from actors.errors import PayloadMissing
from actors.events import Event, ItemsAdded, completed
from actors.journal.recorded import ENDS
from actors.stores.acceptance import needed, refusal
from actors.stores.protocol import Accept, TakenOver
from actors.work import Item


class Attempt:
    """The newest attempt of one item; what SQLite's table `attempts` holds."""

    __slots__ = ("done", "epoch", "open")

    def __init__(self) -> None:
        self.epoch, self.open, self.done = 0, False, False

    @property
    def idle(self) -> bool:
        """Whether nobody is at work on the item, and somebody may be yet."""
        return not (self.open or self.done)

    def swap(self, event: Event) -> bool:
        """Whether the event may happen to its item now; if so, it has."""
        epoch = event.__dict__.get("epoch", 0)
        match event.type:
            case "item_assigned":
                if epoch != self.epoch + 1 or not self.idle:
                    return False
                self.epoch, self.open = epoch, True
            case type_ if type_ in ENDS:
                if not self.idle:
                    return False
                self.done = True
            case "items_added":
                return event.__dict__["term"] > 0 and self.idle  # without a term it is an acceptance's
            case "approval_requested":
                return epoch == self.epoch and self.idle
            case _:
                if epoch != self.epoch or not self.open:
                    return False
                if event.type == "item_closed":
                    self.open, self.done = False, completed(event) is not None
        return True


def take_over(plan: Accept, attempts: dict[str, Attempt], payloads: Container[str]) -> tuple[Item, ...]:
    """Mark what is reused as done, and add what it had grown by; those items.

    Raises UserError, PayloadMissing for what cannot be taken over.
    """
    added: list[Item] = []
    for event in plan.reused:
        if event.run != plan.run or not _takes(attempts, event):
            raise refusal(plan, event)
        if missing := [told for ref, told in needed(event).items() if ref not in payloads]:
            raise PayloadMissing(missing[0])
        added += event.items if isinstance(event, ItemsAdded) else ()
    return tuple(added)


def _takes(attempts: dict[str, Attempt], event: TakenOver) -> bool:
    attempt = attempts.get(event.item)
    if attempt is None or not attempt.idle:
        return False
    if isinstance(event, ItemsAdded):
        new = {item.id: Attempt() for item in event.items}
        if event.term or attempts.keys() & new:
            return False
        attempts.update(new)
    else:
        attempt.done = True
    return True

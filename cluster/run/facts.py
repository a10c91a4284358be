"""The facts a driver puts into the journal, built from what the run state knows."""

from actors.events import (
    ItemAccepted,
    ItemAssigned,
    ItemCancelled,
    ItemClosed,
    ItemFailed,
    ItemJoined,
    ItemQuarantined,
    ItemsAdded,
    ItemSkipped,
)
from actors.journal.people import Approval, ApprovalRequested
from actors.memory.memory import result_id
from actors.vocabulary.contents import stored
from actors.vocabulary.review import Ruling
from actors.work import Failure, FailureKind, Lost, Reservation, Result
from cluster.run.commands import Append
from cluster.run.growth import Growth
from cluster.run.item_view import ItemView
from cluster.run.rounds import Rounds


class Facts:
    """Builds the facts of one run in one term."""

    def __init__(self, run: str, term: int = 0) -> None:
        self.run, self.term = run, term

    def assigned(
        self, item: str, view: ItemView, agent: str, model: str, reserved: Reservation | None = None
    ) -> Append:
        """The next attempt of an item is opened."""
        return Append(
            ItemAssigned(
                run=self.run,
                item=item,
                epoch=view.epoch + 1,
                attempt=view.number,
                agent=agent,
                model=model,
                term=self.term,
                alone=view.suspect,
                after=view.after,
                reserved=reserved,
                purpose=view.purpose,
            )
        )

    def closed(self, item: str, view: ItemView, outcome: Failure | Lost) -> Append:
        """Nobody works on the item's newest attempt any more."""
        return Append(
            ItemClosed(
                run=self.run,
                item=item,
                epoch=view.epoch,
                attempt=view.number,
                agent=view.agent,
                generation=0,
                outcome=outcome,
            )
        )

    def accepted(self, item: str, rounds: Rounds, *, passed: bool) -> Append:
        """The item has the result that was reviewed."""
        assert rounds.result
        return Append(ItemAccepted(run=self.run, item=item, passed=passed, outcome=rounds.result, term=self.term))

    def asked(self, item: str, view: ItemView, what: Approval, message: str) -> Append:
        """A person has to approve or deny."""
        return Append(
            ApprovalRequested(run=self.run, item=item, epoch=view.epoch, what=what, message=message, term=self.term)
        )

    def failed(self, item: str, attempts: int, reason: FailureKind | Ruling, message: str) -> Append:
        """No attempt of this item is left."""
        return Append(
            ItemFailed(
                run=self.run,
                item=item,
                attempts=attempts,
                reason=reason,
                message=message,
                term=self.term,
            )
        )

    def added(self, item: str, growth: Growth) -> Append:
        """The item waits for these."""
        event = ItemsAdded(run=self.run, item=item, items=growth.items, granted=growth.granted, term=self.term)
        return Append(event, growth.payloads)

    def joined(self, item: str, model: str, prompt: str, text: str) -> Append:
        """The item ends with what its items made."""
        payloads: dict[str, str] = {}
        data, ids = stored(text, payloads), (result_id(self.run, item),)
        made = Result(data=data, json_data=True, memory_ids=ids, model=model, cost_usd=0.0, prompt=prompt)
        return Append(ItemJoined(run=self.run, item=item, outcome=made, term=self.term), payloads)

    def quarantined(self, item: str, message: str) -> Append:
        """This item gets no attempt any more."""
        return Append(ItemQuarantined(run=self.run, item=item, message=message, term=self.term))

    def skipped(self, item: str, cause: str) -> Append:
        """This item can never run."""
        return Append(ItemSkipped(run=self.run, item=item, cause=cause, term=self.term))

    def cancelled(self, item: str) -> Append:
        """A person does not want this item any more."""
        return Append(ItemCancelled(run=self.run, item=item, term=self.term))

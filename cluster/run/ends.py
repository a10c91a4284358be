"""How the items of a run end without a result: who decides it, what follows, and what is on its way to the journal."""

from collections.abc import Iterable

from actors.work import TERMINAL, ItemState
from cluster.run.commands import Append, Cancel, Command
from cluster.run.due import due
from cluster.run.facts import Facts
from cluster.run.ledger import Ledger
from cluster.run.placement import Placement
from cluster.run.wishes import Wishes


class Ends:
    """Of one run. An item whose end is on its way ends no second time."""

    def __init__(self, ledger: Ledger, placement: Placement, facts: Facts, wishes: Wishes) -> None:
        self._ledger, self._placement, self._facts, self._wishes = ledger, placement, facts, wishes
        self.coming: set[str] = set()
        """Items whose end, or a question to a person about them, is on its way to the journal."""

    def due(self, item: str) -> Append | None:
        """The fact that is owed about an item which no agent works on; see cluster/run/due.py."""
        return due(self._facts, item, self._ledger.views[item], cancelled=self._wishes.cancels(item))

    def end(self, item: str, fact: Append) -> Command:
        """The item is to end so."""
        self.coming.add(item)
        self._placement.discard(item)
        return fact

    def skip_dependents(self, cause: str) -> list[Command]:
        """The item ended without a result: what can never run now."""
        below = self._ledger.waiting_below(cause, self.coming)
        return [self.end(id_, self._facts.skipped(id_, cause)) for id_ in below]

    def wanted(self) -> list[str]:
        """Items that are not terminal and that somebody wants to end."""
        views = self._ledger.views.items()
        return [id_ for id_, view in views if view.state not in TERMINAL and self._wishes.cancels(id_)]

    def cancel(self, items: Iterable[str]) -> list[Command]:
        """End these, or have their agents give them up."""
        commands: list[Command] = []
        for id_ in items:
            view = self._ledger.views[id_]
            if view.state is ItemState.ACTIVE:
                if self._placement.loads.takes(view.agent):  # else: once it is attached, or when it is closed as lost
                    commands.append(Cancel(view.agent, id_, view.epoch))
            elif view.state not in TERMINAL and id_ not in self.coming and id_ not in self._placement.opening:
                commands.append(self.end(id_, self._facts.cancelled(id_)))
        return commands

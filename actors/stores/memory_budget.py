"""The fleet's account of the store's twin in memory; see actors/stores/fleet_budget.py."""

from actors.events import Event, ItemAssigned, ItemClosed
from actors.journal.fleet import FleetBudgetSet
from actors.spending.account import Account, settled
from actors.stores.fleet_budget import changed
from actors.work import Reservation


class MemoryBudget:
    """What all runs reserved and spent since the fleet was given a budget."""

    def __init__(self) -> None:
        self.account: Account | None = None
        self._open: dict[tuple[str, str], Reservation] = {}

    def refuses(self, event: Event) -> bool:
        """Whether there is no room for the attempt that it opens."""
        return isinstance(event, ItemAssigned) and self.account is not None and not self.account.admits(event.reserved)

    def note(self, run: str, event: Event) -> None:
        """It has happened."""
        if isinstance(event, FleetBudgetSet):
            self.account = changed(self.account, event)
            self._open = self._open if self.account else {}
        elif self.account is None:
            return
        elif isinstance(event, ItemAssigned):
            reserved = self._open[run, event.item] = event.reserved or Reservation()
            self.account = self.account.hold(reserved)
        elif isinstance(event, ItemClosed):
            reserved = self._open.pop((run, event.item), Reservation())
            self.account = self.account.let_go(reserved).spend(*settled(event.outcome, reserved))

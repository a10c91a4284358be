"""What a run knows of its fleet's budget. The store alone decides whether an attempt may begin; this says what to try.

Nothing is known until the store refuses an attempt; then its account is asked for, again and again until there is room
or none can be: other runs give back what they have reserved and do not use.
"""

from actors.journal.fleet import FleetBudgetSet
from actors.spending.account import Account
from actors.spending.budget import Budget
from actors.work import Reservation

OF_FLEET = "the fleet's budget: "


class FleetShare:
    """One run's view."""

    def __init__(self) -> None:
        self._caps = Budget()
        self._told: Account | None = None  # by the store, with what was taken since; while there is no room
        self._old = False  # whether an attempt ended since then, which the store may have counted already, or not
        self._fresh = False  # whether nothing was assigned since then
        self._asking = False
        self._wanted: Reservation | None = None
        """What there was no room for."""

    @property
    def account(self) -> Account:
        """As far as it is known."""
        return self._told or Account(self._caps)

    @property
    def wants_account(self) -> bool:
        """Whether the store is to be asked for its account."""
        return self._asking or (self._wanted is not None and not self.exhausted)

    @property
    def exhausted(self) -> bool:
        """Whether there is no room for the run's next attempt, whatever other runs give back.

        Only the store's word counts that came after the end of every attempt that is known to have ended.
        """
        return self._wanted is not None and not self._unsure and self.account.never_has_room(self._wanted)

    @property
    def _unsure(self) -> bool:
        """Whether the store is to say more before the run waits or is paused."""
        return self._asking or self._old

    @property
    def waits(self) -> str:
        """Why the run waits for what other runs give back; "" if it does not."""
        if self._wanted is None or self._unsure or self.exhausted:
            return ""
        return f"{OF_FLEET}{self.account.why_not(self._wanted)}"

    @property
    def why_not(self) -> str:
        """Why it is exhausted, and the command that changes it; "" if it is not."""
        if self._wanted is None or not self.exhausted:
            return ""
        return f"{OF_FLEET}{self.account.why_not(self._wanted)}; mnemosyne budget {self.account.wider(self._wanted)}"

    def set(self, event: FleetBudgetSet) -> None:
        """Other caps hold from now on: what was told is not so any more."""
        self._caps = Budget() if event.budget is None else self._caps.changed(event.budget)
        self._told, self._old, self._asking, self._wanted = None, False, False, None

    def begin(self) -> None:
        """Items are about to be assigned."""
        if not (self._wanted or self._fresh):
            self._told, self._old = None, False
        self._wanted, self._fresh = None, False

    def has_room(self, reserved: Reservation) -> bool:
        """Whether the store may be asked to open an attempt."""
        return not self._asking and self.account.has_room(reserved)

    def miss(self, reserved: Reservation) -> None:
        """There is no room for that."""
        self._wanted = reserved
        self._asking = self._asking or self._told is None

    def take(self, reserved: Reservation) -> None:
        """An attempt is to be opened."""
        self._told = self._told and self._told.hold(reserved)

    def refuse(self, reserved: Reservation) -> None:
        """The store did not open it."""
        self._told, self._old, self._asking, self._wanted = None, False, True, reserved

    def close(self, reserved: Reservation) -> None:
        """An attempt of this run has ended. What it used may be in the account already, so only room is made for it."""
        self._told = self._told and self._told.let_go(reserved)
        self._old = self._told is not None

    def tell(self, account: Account | None) -> None:
        """So much is left now; None: the fleet has no budget any more."""
        self._told, self._old, self._asking, self._fresh = account, False, False, True
        self._caps = account.caps if account else Budget()
        if self._wanted and self.account.has_room(self._wanted):
            self._wanted = None

"""What a run and its items spent, what their open attempts may still cost, and whether there is room for another one.

Every attempt is reserved before it is assigned, in the row that assigns it, and settled by the row that closes it; so
the journal alone says what is left. An attempt whose agent went away counts as it was reserved. What an item takes is
taken of its own budget, of those of the items that brought it into the run, and of the run's.
"""

import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import Enum, auto

from actors.events import ItemAssigned, ItemClosed
from actors.models.estimate import bound
from actors.roles.prompt import PROMPTS
from actors.settings import ModelSettings
from actors.spending.account import Account, settled
from actors.spending.budget import Budget
from actors.work import Content, Failure, FailureKind, Item, Lost, Reservation
from cluster.run.fleet_share import FleetShare

MAX_TOKENS = ModelSettings().max_tokens
"""Of an item that names none. An agent that has it otherwise says what the call needs, and gets that."""

LABELS = 100
"""Characters around each text in a prompt."""

LONG_TEXT = 16_000
"""Characters that a text is taken for that is not at hand."""

SOME_CALLS = 4
"""An item that needed a second call is given room for so many; it comes back for more where it stopped."""

NAMED = 3
"""Items in a reason at most."""

NOTHING = Reservation(usd=0.0, tokens=0)

UNLIMITED = Budget()

RUN = ""
"""Whose budget it is that is no item's."""


class Taken(Enum):
    """What became of an item that was to get an attempt."""

    YES = auto()
    SET_ASIDE = auto()
    """The item has no room left, or one that brought it in; others may have."""
    NO = auto()
    """The run has none, or the fleet."""


def no_parent(_item: str) -> str | None:
    """In a run whose items are all of its plan."""
    return None


class RunBudget:
    """One run's. `take` reserves, `closed` settles."""

    def __init__(
        self,
        items: Mapping[str, Item],
        model_of: Callable[[str], str],
        parent_of: Callable[[str], str | None] = no_parent,
    ) -> None:
        self._items, self._model_of, self._parent_of = items, model_of, parent_of
        self.fleet = FleetShare()
        self._accounts: dict[str, Account] = {RUN: Account()}
        """Of the run, and by item as far as they took anything or were given other caps."""
        self._open: dict[str, Reservation] = {}
        self._needs: dict[str, Reservation] = {}
        """What the call may take that was too dear for the item's last attempt."""
        self._short: dict[str, Reservation] = {}
        """Whose budget had no room, the run's since `begin`, and for what."""
        self._aside: dict[str, str] = {}
        """Items that were set aside, and the item whose budget has no room for them."""

    @property
    def run(self) -> Account:
        """The run's own."""
        return self._accounts[RUN]

    def change(self, caps: Budget | None, item: str | None = None) -> list[str]:
        """These caps of the item, or of the run, hold from now on; items that may have room again."""
        if caps is None:
            return []
        whose = item or RUN
        self._accounts[whose] = self._account(whose).capped(caps)
        return self._back(whose)

    def begin(self) -> None:
        """Items are about to be assigned."""
        self._short.pop(RUN, None)
        self.fleet.begin()

    def take(self, item: str, results: Mapping[str, Content]) -> Taken:
        """Reserve an attempt, if there is room for it."""
        accounts = {whose: self._account(whose) for whose in self._whose(item)}
        all_ = [*accounts.values(), self.fleet.account]
        if not any(account.caps for account in all_):
            return Taken.YES
        for reserved in self._reservations(item, results, all_):
            if all(account.has_room(reserved) for account in accounts.values()) and self.fleet.has_room(reserved):
                self._hold(item, reserved)
                self.fleet.take(reserved)
                return Taken.YES
        full = next((whose for whose, account in accounts.items() if not account.has_room(reserved)), None)
        if full is None:
            self.fleet.miss(reserved)
            return Taken.NO
        self._short[full] = reserved
        if full == RUN:
            return Taken.NO
        self._aside[item] = full
        return Taken.SET_ASIDE

    def refuse(self, item: str) -> list[str]:
        """The store did not open the attempt; items that other budgets than the fleet's may have room for again."""
        self.fleet.refuse(self._open.get(item, NOTHING))
        self._let_go(item)
        return [one for whose in self._whose(item) for one in self._back(whose)]

    def discard(self, item: str) -> None:
        """The item is not to be assigned any more."""
        self._aside.pop(item, None)

    def why_not(self, run: str, *, others: bool) -> str:
        """Why nothing can be assigned, and the command that changes it; "" if that is not for want of money.

        `others`: whether items are ready that were not set aside.
        """
        fleet = self.fleet.why_not
        if RUN not in self._short and not fleet and (others or not self._aside):
            return ""
        whose = dict.fromkeys([*([RUN] if RUN in self._short else []), *self._aside.values()])
        told = [*filter(None, [fleet]), *(self._told(run, one) for one in whose)]
        more = [f"and {len(told) - NAMED} more items"] if len(told) > NAMED else []
        return f"{FailureKind.BUDGET.value}: {'; '.join([*told[:NAMED], *more])}"

    def affords(self, items: Sequence[Item]) -> bool:
        """Whether there is room for an attempt of each of these, which one item adds, beside what is open."""
        above = next((item.parent for item in items), None)
        accounts = [*(self._account(whose) for whose in self._whose(above)), self.fleet.account]
        each = [
            _times(1, self._bound(item, item.model or self._model_of(item.parent or item.id), {}), accounts)
            for item in items
        ]
        usd = [one.usd for one in each]
        whole = Reservation(
            usd=None if None in usd else sum(one or 0.0 for one in usd), tokens=sum(one.tokens or 0 for one in each)
        )
        return all(account.has_room(whole) for account in accounts)

    def reserved(self, item: str) -> Reservation | None:
        """For the item's attempt; None where nothing has a budget."""
        return self._open.get(item)

    def opened(self, event: ItemAssigned) -> None:
        """The attempt is on disk."""
        if event.reserved is not None:
            self._hold(event.item, event.reserved)

    def closed(self, event: ItemClosed) -> list[str]:
        """The attempt has ended; items that may have room again."""
        reserved, outcome = self._open.get(event.item, NOTHING), event.outcome
        self._let_go(event.item)
        self._needs.pop(event.item, None)
        if isinstance(outcome, Failure) and outcome.needs:
            self._needs[event.item] = outcome.needs
        spent = settled(outcome, reserved)
        self.fleet.close(reserved)
        freed = []
        for whose in self._whose(event.item):
            self._accounts[whose] = self._account(whose).spend(*spent)
            freed += self._back(whose)
        return freed

    def counted(self, item: str, outcome: Failure | Lost) -> Failure | Lost:
        """The outcome of an attempt whose agent, or its process, went away, with what it is counted as."""
        reserved = self._open.get(item)
        if reserved is None or (isinstance(outcome, Lost) and outcome.reserved is not None):
            return outcome
        if isinstance(outcome, Lost):
            return outcome.model_copy(update={"reserved": reserved})
        money = {"cost_usd": reserved.usd, "estimated_usd": reserved.usd or 0.0} if outcome.cost_usd is None else {}
        return outcome.model_copy(update={"estimated_tokens": reserved.tokens or 0, **money})

    def _account(self, whose: str) -> Account:
        return self._accounts.get(whose) or Account(self._items[whose].budget or UNLIMITED)

    def _whose(self, item: str | None) -> Iterator[str]:
        """Of whose budgets an attempt of the item takes, the run's last."""
        while item is not None:
            yield item
            item = self._parent_of(item)
        yield RUN

    def _back(self, whose: str) -> list[str]:
        """Items that this account had no room for; they are to be tried again."""
        found = [item for item, full in self._aside.items() if full == whose]
        for item in found:
            del self._aside[item]
        return found

    def _told(self, run: str, whose: str) -> str:
        account, reserved = self._account(whose), self._short[whose]
        of, option = ("", []) if whose == RUN else (f"item {whose}: ", ["--item", whose])
        command = ["mnemosyne", "continue", run, *option, "--budget", account.wider(reserved)]
        if account.caps.usd is not None and reserved.usd is None:
            command = ["mnemosyne", "cancel", run, *option[1:]]
        return f"{of}{account.why_not(reserved)}; {shlex.join(command)}"

    def _hold(self, item: str, reserved: Reservation) -> None:
        self._let_go(item)
        self._open[item] = reserved
        for whose in self._whose(item):
            self._accounts[whose] = self._account(whose).hold(reserved)

    def _let_go(self, item: str) -> None:
        if reserved := self._open.pop(item, None):
            for whose in self._whose(item):
                self._accounts[whose] = self._account(whose).let_go(reserved)

    def _reservations(self, id_: str, results: Mapping[str, Content], accounts: list[Account]) -> list[Reservation]:
        """What to try to reserve, the best first; at least one."""
        bound, needs = self._bound(self._items[id_], self._model_of(id_), results), self._needs.get(id_)
        if needs is None:
            return [_times(1, bound, accounts)]
        return [_times(SOME_CALLS, needs, accounts), _times(1, needs, accounts)]

    def _bound(self, item: Item, model: str, results: Mapping[str, Content]) -> Reservation:
        """What the first call of an attempt may take; a result that is not there yet counts as a long text."""
        texts = [*item.inputs.values(), *(results.get(name, Content(ref="")) for name in item.dependencies)]
        characters = len(PROMPTS[item.agent].text) + len(item.description) + len(str(item.output or ""))
        characters += sum(LABELS + (LONG_TEXT if text.text is None else len(text.text)) for text in texts)
        return bound(model, characters, item.max_tokens or MAX_TOKENS)


def _times(calls: int, one: Reservation, accounts: list[Account]) -> Reservation:
    """Caps that nobody has leave the attempt free."""
    in_usd = any(account.caps.usd is not None for account in accounts)
    in_tokens = any(account.caps.tokens is not None for account in accounts)
    usd = None if not in_usd or one.usd is None else calls * one.usd
    return Reservation(usd=usd, tokens=calls * (one.tokens or 0) if in_tokens else None)

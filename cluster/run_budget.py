"""What a run spent, what its open attempts may still cost, and whether there is room for another one.

Every attempt is reserved before it is assigned, in the row that assigns it, and settled by the row that closes it; so
the journal alone says what is left. An attempt whose agent went away counts as it was reserved.
"""

from collections.abc import Callable, Mapping, Sequence

from actors.budget import Budget
from actors.events import ItemAssigned, ItemClosed
from actors.models.estimate import reservation
from actors.roles.prompt import PROMPTS
from actors.settings import ModelSettings
from actors.work import Content, Failure, Item, Lost, Outcome, Reservation

MAX_TOKENS = ModelSettings().max_tokens
"""Of an item that names none. An agent that has it otherwise says what the call needs, and gets that."""

LABELS = 100
"""Characters around each text in a prompt."""

LONG_TEXT = 16_000
"""Characters that a text is taken for that is not at hand."""

SOME_CALLS = 4
"""An item that needed a second call is given room for so many; it comes back for more where it stopped."""

NOTHING = Reservation(usd=0.0, tokens=0)


class RunBudget:
    """One run's. `take` reserves, `closed` settles."""

    def __init__(self, items: Mapping[str, Item], model_of: Callable[[str], str]) -> None:
        self.caps = Budget()
        self.spent_usd, self.spent_tokens = 0.0, 0
        self.refused = False
        """Whether there was no room for an item since `begin`."""
        self._items, self._model_of = items, model_of
        self._held_usd, self._held_tokens = 0.0, 0
        self._open: dict[str, Reservation] = {}
        self._needs: dict[str, Reservation] = {}
        """What the call may take that was too dear for the item's last attempt."""

    def change(self, caps: Budget | None) -> None:
        """These caps hold from now on, beside those that it does not name."""
        self.caps = self.caps.changed(caps) if caps else self.caps

    def begin(self) -> None:
        """Items are about to be assigned."""
        self.refused = False

    def take(self, item: str, results: Mapping[str, Content]) -> bool:
        """Reserve an attempt; false if there is no room for it."""
        if not self.caps:
            return True
        for reserved in self._reservations(item, results):
            if self._has_room(reserved):
                self._hold(item, reserved)
                return True
        self.refused = True
        return False

    def affords(self, items: Sequence[Item]) -> bool:
        """Whether there is room for an attempt of each of these beside what is open."""
        if not self.caps:
            return True
        each = [
            self._times(1, self._bound(item, item.model or self._model_of(item.parent or item.id), {}))
            for item in items
        ]
        usd = [one.usd for one in each]
        whole = Reservation(
            usd=None if None in usd else sum(one or 0.0 for one in usd), tokens=sum(one.tokens or 0 for one in each)
        )
        return self._has_room(whole)

    def reserved(self, item: str) -> Reservation | None:
        """For the item's attempt; None in a run without a budget."""
        return self._open.get(item)

    def opened(self, event: ItemAssigned) -> None:
        """The attempt is on disk."""
        if event.reserved is not None:
            self._hold(event.item, event.reserved)

    def closed(self, event: ItemClosed) -> None:
        """The attempt has ended."""
        reserved, outcome = self._open.get(event.item, NOTHING), event.outcome
        self._let_go(event.item)
        self._needs.pop(event.item, None)
        if isinstance(outcome, Failure) and outcome.needs:
            self._needs[event.item] = outcome.needs
        usd, tokens = _settled(outcome, reserved)
        self.spent_usd += usd
        self.spent_tokens += tokens

    def counted(self, item: str, outcome: Failure | Lost) -> Failure | Lost:
        """The outcome of an attempt whose agent went away, with what it is counted as."""
        if isinstance(outcome, Lost) and outcome.reserved is None and item in self._open:
            return outcome.model_copy(update={"reserved": self._open[item]})
        return outcome

    def _hold(self, item: str, reserved: Reservation) -> None:
        self._let_go(item)
        self._open[item] = reserved
        self._held_usd += reserved.usd or 0.0
        self._held_tokens += reserved.tokens or 0

    def _let_go(self, item: str) -> None:
        if reserved := self._open.pop(item, None):
            self._held_usd = self._held_usd - (reserved.usd or 0.0) if self._open else 0.0
            self._held_tokens -= reserved.tokens or 0

    def _has_room(self, reserved: Reservation) -> bool:
        usd = self.spent_usd + self._held_usd + (reserved.usd or 0.0)
        tokens = self.spent_tokens + self._held_tokens + (reserved.tokens or 0)
        caps = self.caps
        usd_fits = caps.usd is None or (reserved.usd is not None and usd <= caps.usd)  # an unknown price never fits
        return usd_fits and (caps.tokens is None or tokens <= caps.tokens)

    def _reservations(self, id_: str, results: Mapping[str, Content]) -> list[Reservation]:
        """What to try to reserve, the best first."""
        bound, needs = self._bound(self._items[id_], self._model_of(id_), results), self._needs.get(id_)
        if needs is None:
            return [self._times(1, bound)]
        return [self._times(SOME_CALLS, needs), self._times(1, needs)]

    def _bound(self, item: Item, model: str, results: Mapping[str, Content]) -> Reservation:
        """What the first call of an attempt may take; a result that is not there yet counts as a long text."""
        texts = [*item.inputs.values(), *(results.get(name, Content(ref="")) for name in item.dependencies)]
        characters = len(PROMPTS[item.agent].text) + len(item.description) + len(str(item.output or ""))
        characters += sum(LABELS + (LONG_TEXT if text.text is None else len(text.text)) for text in texts)
        return reservation(model, characters, item.max_tokens or MAX_TOKENS)

    def _times(self, calls: int, one: Reservation) -> Reservation:
        """Caps that the run does not have leave the attempt free."""
        usd = None if self.caps.usd is None or one.usd is None else calls * one.usd
        return Reservation(usd=usd, tokens=None if self.caps.tokens is None else calls * (one.tokens or 0))


def _settled(outcome: Outcome, reserved: Reservation) -> tuple[float, int]:
    """Dollars and tokens; what nobody knows counts as it was reserved."""
    if isinstance(outcome, Lost):
        known = outcome.reserved or reserved
        usd = reserved.usd if known.usd is None else known.usd
        return usd or 0.0, (known.tokens if known.tokens is not None else reserved.tokens) or 0
    usd = reserved.usd if outcome.cost_usd is None else outcome.cost_usd
    return usd or 0.0, outcome.usage.total + outcome.estimated_tokens

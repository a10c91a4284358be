"""What a run used so far: in all, by agent and by model. Turns count at once, attempts when they are closed."""

from collections.abc import Mapping
from typing import NamedTuple

from actors.events import ItemAssigned, ItemClosed
from actors.journal.turns import TurnDone
from actors.work import Lost
from dashboards.views.spent import Spent, total


class Open(NamedTuple):
    """An attempt that is not closed."""

    agent: str
    model: str
    spent: Spent
    """By its finished turns."""


class Accounts:
    """A fold over the journal of one run."""

    def __init__(self) -> None:
        self._open: dict[str, Open] = {}
        self._settled = Spent()
        self._items: dict[str, Spent] = {}
        self._agents: dict[str, Spent] = {}
        self._models: dict[str, Spent] = {}

    def assigned(self, event: ItemAssigned) -> None:
        """An attempt begins."""
        self._open[event.item] = Open(event.agent, event.model, Spent())

    def went_on(self, event: TurnDone) -> None:
        """A turn is paid for."""
        if open_ := self._open.get(event.item):
            open_.spent.add(event)

    def closed(self, event: ItemClosed) -> None:
        """An attempt ended: its outcome tells all of it; of a lost one its turns are known, and what was reserved."""
        agent, model, spent = self._open.pop(event.item, Open(event.agent, "", Spent()))
        if isinstance(event.outcome, Lost):
            spent.lost(event.outcome)
        else:
            spent, model = Spent(), model or event.outcome.model or ""
            spent.add(event.outcome)
        for sums, key in ((self._items, event.item), (self._agents, agent), (self._models, model)):
            sums.setdefault(key, Spent()).join(spent)
        self._settled.join(spent)

    @property
    def run(self) -> Spent:
        """Of the run. What calls used that were lost with their agent is in it only if the run has a budget."""
        return total((self._settled, *(open_.spent for open_ in self._open.values())))

    def item(self, id_: str) -> Spent:
        """Of one item, all its attempts."""
        parts = [self._items[id_]] if id_ in self._items else []
        return total([*parts, self._open[id_].spent] if id_ in self._open else parts)

    @property
    def agents(self) -> Mapping[str, Spent]:
        """By agent."""
        return self._with_open(self._agents, {id_: open_.agent for id_, open_ in self._open.items()})

    @property
    def models(self) -> Mapping[str, Spent]:
        """By the model that was asked for."""
        return self._with_open(self._models, {id_: open_.model for id_, open_ in self._open.items()})

    def _with_open(self, settled: Mapping[str, Spent], keys: Mapping[str, str]) -> dict[str, Spent]:
        sums = {key: total([spent]) for key, spent in settled.items()}
        for id_, key in keys.items():
            sums.setdefault(key, Spent()).join(self._open[id_].spent)
        return sums

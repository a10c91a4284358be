"""What the state of a run knows, for whoever asks. It changes through events alone."""

from collections import Counter
from collections.abc import Mapping

from actors.work import FINISHED, Content, ItemState, RunStatus
from cluster.run.graph import WorkGraph
from cluster.run.item_view import ItemView
from cluster.run.ledger import Ledger
from cluster.run.phases import Phases
from cluster.run.placement import Placement
from cluster.run.wishes import Wishes


class RunKnowledge:
    """One run's."""

    def __init__(self, run: str, graph: WorkGraph, model: str) -> None:
        self.run, self.graph, self.model = run, graph, model
        self.status = RunStatus.RUNNING
        self.wishes = Wishes()
        self.phases = Phases(graph)
        self._ledger = Ledger(graph)
        self._placement = Placement(graph, model, self.views)

    @property
    def views(self) -> Mapping[str, ItemView]:
        """What is known of each item."""
        return self._ledger.views

    @property
    def counts(self) -> Counter[ItemState]:
        """Items by state."""
        return self._ledger.counts

    @property
    def results(self) -> Mapping[str, Content]:
        """Data of complete items that an unfinished item depends on."""
        return self._ledger.results

    @property
    def finished(self) -> bool:
        """Whether RunFinished is on disk."""
        return self.status in FINISHED

    @property
    def drained(self) -> bool:
        """Whether a drain was asked for, nothing is active any more and the run is paused."""
        return self.wishes.drain and self.status is RunStatus.PAUSED and self.idle

    @property
    def idle(self) -> bool:
        """Whether the run is paused or waiting, and nothing is active."""
        return self.status in (RunStatus.PAUSED, RunStatus.WAITING) and not self._busy()

    def tally(self) -> Mapping[str, int]:
        """Items by state; adds up to the number of items."""
        return self._ledger.tally()

    def _standstill(self) -> str:
        """Why nothing can be assigned until something changes; "" if that is not so."""
        reasons = [self._placement.blocked()] if self._placement.has_ready else []
        return "; ".join([*reasons, *self._ledger.people()]) if all(reasons) else ""

    @property
    def wants_account(self) -> bool:
        """Whether the run has to know what is left of the fleet's budget."""
        return self._placement.budget.fleet.wants_account

    def _busy(self) -> bool:
        return bool(self.counts[ItemState.ACTIVE] or self._placement.opening)

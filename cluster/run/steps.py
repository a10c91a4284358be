"""What follows from where a run stands: its next phase, its end, a wait or a pause, new assignments."""

from itertools import islice

from actors.work import RunStatus
from cluster.run.commands import Append, Command
from cluster.run.ends import Ends
from cluster.run.facts import Facts
from cluster.run.graph import WorkGraph
from cluster.run.growing import Growing
from cluster.run.knowledge import RunKnowledge
from cluster.run.wishes import Standing


class RunSteps(RunKnowledge):
    """One run's."""

    def __init__(self, run: str, graph: WorkGraph, model: str) -> None:
        super().__init__(run, graph, model)
        self._facts = Facts(run)
        self._growing = Growing(graph, self._ledger, self._placement, self._facts)
        self._ends = Ends(self._ledger, self._placement, self._facts, self.wishes)
        self.most: int | None = None
        """Items that are assigned at a time; None: all that there is room for."""
        self.more = False
        """Whether there may be room for more of them: ask again."""

    def _next(self) -> list[Command]:
        """The next phase, before anything of it begins, and what follows from where things stand."""
        changed = self.phases.due(self.run, self._facts.term)
        return [*([Append(changed)] if changed else []), *self._settle()]

    def _settle(self) -> list[Command]:
        """What follows from where things stand: the run's own next step, and new assignments."""
        self.more, over, busy = False, self._ledger.over, self._busy()
        blocked = None if over or busy or self._ends.coming else self._standstill()
        step = self.wishes.step(self._facts, Standing(self.status, self.tally() if over else None, busy, blocked))
        if step or over or self.status is not RunStatus.RUNNING or self.wishes.hold:
            return [step] if step else []
        if (commands := self._assign()) or busy or self._growing.pending or self._ends.coming:
            return commands
        if blocked == "" and self._placement.budget.fleet.waits:
            return self._settle()
        if not (why := self._placement.unaffordable(self.run)):
            return []
        self.wishes.stop(why)
        return self._settle()

    def _assign(self) -> list[Command]:
        model_of, reserved = self._placement.model_of, self._placement.budget.reserved
        assigned: list[Command] = [
            self._facts.assigned(item, self.views[item], agent, model_of(item), reserved(item))
            for item, agent in islice(self._placement.assign(self.results), self.most)
        ]
        self.more = len(assigned) == self.most
        return assigned

"""What follows from where a run stands: its next phase, its end, a wait or a pause, new assignments."""

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

    def _next(self) -> list[Command]:
        """The next phase, before anything of it begins, and what follows from where things stand."""
        changed = self.phases.due(self.run, self._facts.term)
        return [*([Append(changed)] if changed else []), *self._settle()]

    def _settle(self) -> list[Command]:
        """What follows from where things stand: the run's own next step, and new assignments."""
        over, busy = self._ledger.over, self._busy()
        blocked = None if over or busy or self._ends.coming else self._standstill()
        step = self.wishes.step(self._facts, Standing(self.status, self.tally() if over else None, busy, blocked))
        if step or over or self.status is not RunStatus.RUNNING or self.wishes.hold:
            return [step] if step else []
        if (commands := self._assign()) or busy or self._growing.pending:
            return commands
        if blocked == "" and self._placement.budget.fleet.waits:
            return self._settle()
        if not (why := self._placement.unaffordable(self.run)):
            return []
        self.wishes.stop(why)
        return self._settle()

    def _assign(self) -> list[Command]:
        model_of, reserved = self._placement.model_of, self._placement.budget.reserved
        return [
            self._facts.assigned(item, self.views[item], agent, model_of(item), reserved(item))
            for item, agent in self._placement.assign(self.results)
        ]

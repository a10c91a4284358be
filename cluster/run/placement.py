"""Which item next, and to which agent."""

from collections.abc import Callable, Iterable, Iterator, Mapping

from actors.events import (
    AgentFailed,
    AgentRestarted,
    AgentStarted,
    AgentStarting,
    AgentUnavailable,
    ContinueRequested,
    FleetBudgetSet,
    ItemAssigned,
    ItemClosed,
    ModelAvailable,
    ModelUnavailable,
    RunAccepted,
)
from actors.tools.capability import IN_WORKSPACE
from actors.vocabulary.review import Purpose
from actors.work import Content, Item, Lost, RestartCause, Role
from cluster.run.budget import RunBudget, Taken
from cluster.run.graph import WorkGraph
from cluster.run.item_view import ItemView
from cluster.run.loads import Loads
from cluster.run.model_gates import ModelGates
from cluster.run.ready import Needs, ReadyItems

FleetEvent = (
    AgentStarting
    | AgentStarted
    | AgentUnavailable
    | AgentRestarted
    | AgentFailed
    | ModelUnavailable
    | ModelAvailable
    | FleetBudgetSet
)


REVIEWERS = (Purpose.REVIEW, Purpose.EXTRACT)
"""What reviewers do, whatever the item's role."""


class Placement:
    """The ready items of one run, the agents' loads and the models' gates. An item is in at most one agent's load."""

    def __init__(self, graph: WorkGraph, model: str, views: Mapping[str, ItemView]) -> None:
        self.loads = Loads()
        self.opening: set[str] = set()
        """Ready items whose assignment is on its way to the journal."""
        self._by_id, self._model, self._views = graph.by_id, model, views
        self._ready, self._gates = ReadyItems(graph), ModelGates()
        self.budget = RunBudget(graph.by_id, self.model_of, self._parent_of)
        self._helped: set[str] = set()
        """Items that were ready for an optimizer last, or for who does without."""
        self._root = ""
        """The node that has the run's workspace; "" while no item with files has begun."""

    def model_of(self, item: str) -> str:
        """The model that the item's attempt is for."""
        chosen = self._by_id[item]
        if chosen.review and chosen.review.model and self._views[item].purpose in REVIEWERS:
            return chosen.review.model
        return chosen.model or self._model

    def _role_of(self, item: str) -> Role:
        purpose = self._views[item].purpose
        if purpose is Purpose.CONSOLIDATE and not self.loads.missing(Role.OPTIMIZER):
            return Role.OPTIMIZER
        return Role.REVIEWER if purpose in REVIEWERS else self._by_id[item].agent

    @property
    def has_ready(self) -> bool:
        """Whether an item waits for an agent."""
        return bool(len(self._ready))

    def add(self, items: Iterable[Item]) -> None:
        """The graph has these too."""
        self._ready.add(items)

    def _parent_of(self, item: str) -> str | None:
        return self._by_id[item].parent

    def push(self, item: str) -> None:
        """The item is ready; a second time does nothing."""
        view = self._views[item]
        if view.purpose is Purpose.CONSOLIDATE:
            self._helped.add(item)
        else:
            self._helped.discard(item)
        needs = Needs(self._role_of(item), self.model_of(item), view.suspect, self._is_rooted(item))
        self._ready.push(item, needs, view.requeues)

    def _is_rooted(self, item: str) -> bool:
        chosen = self._by_id[item]
        if self._views[item].purpose is Purpose.CONSOLIDATE:
            return False
        return bool(IN_WORKSPACE.intersection(chosen.tools) or (chosen.review and chosen.review.tests))

    def discard(self, item: str) -> None:
        """The item is not to be assigned, if it was."""
        self._ready.discard(item)
        self.budget.discard(item)

    def opened(self, event: ItemAssigned) -> None:
        """The assignment is on disk."""
        self._ready.discard(event.item)
        self.opening.discard(event.item)
        self.loads.hold(event.agent, event.item, alone=event.alone)
        self._gates.assigned(event.model, event.item)
        self.budget.opened(event)
        if self._is_rooted(event.item) and self._views[event.item].purpose is Purpose.WORK:
            self._root = self.loads.node_of(event.agent)

    def refused(self, event: ItemAssigned) -> None:
        """The store did not open the attempt."""
        self.opening.discard(event.item)
        self.loads.drop(event.agent, event.item, None)
        self._gates.released(event.model, event.item)
        self._push_all([*self.budget.refuse(event.item), event.item])

    def closed(self, event: ItemClosed, agent: str) -> None:
        """The agent's attempt ended."""
        outcome = event.outcome
        self.loads.drop(agent, event.item, None if isinstance(outcome, Lost) else outcome.seconds)
        self._gates.closed(self.model_of(event.item), event.item, outcome)
        self._push_all(self.budget.closed(event))

    def change_budget(self, event: RunAccepted | ContinueRequested) -> None:
        """Its caps hold from now on."""
        target = event.target if isinstance(event, ContinueRequested) else None
        if target is None or target in self._by_id:
            self._push_all(self.budget.change(event.budget, target))

    def _push_all(self, items: Iterable[str]) -> None:
        for item in items:
            self.push(item)

    def enlist(self, agents: Mapping[str, Role]) -> None:
        """These are the agents there are."""
        self.loads.enlist(agents)
        self._look_again()

    def attach(self, agent: str, concurrency: int, generation: int) -> None:
        """The agent takes work."""
        self.loads.attach(agent, concurrency, generation)
        self._look_again()

    def _look_again(self) -> None:
        """Optimizers may have come, or be gone for good: then an agent of the item's own role does their part."""
        for item in [item for item in self._helped if item in self._ready]:
            self._ready.discard(item)
            self.push(item)

    def hear(self, event: FleetEvent) -> None:
        """Take in what happened to an agent or a model."""
        self._hear(event)
        self._look_again()

    def _hear(self, event: FleetEvent) -> None:
        match event:
            case AgentStarting():
                self.loads.expect(event.agent)
            case AgentStarted():
                self.loads.expect(event.agent, event.generation)
                self.loads.stand(event.agent, event.node)
            case AgentUnavailable():
                self.loads.miss(event.agent, event.reason)
            case AgentFailed():
                self.loads.fail(event.agent, event.reason)
            case AgentRestarted(cause=RestartCause.NODE_LOST):
                self.loads.lose(event.agent, event.generation, event.reason)
            case ModelUnavailable():
                self._gates.shut(event.model, event.reason)
            case ModelAvailable(probe=True):
                self._gates.unlatch(event.model)
            case ModelAvailable():
                self._gates.open(event.model)
            case FleetBudgetSet():
                self.budget.fleet.set(event)

    def assign(self, results: Mapping[str, Content]) -> Iterator[tuple[str, str]]:
        """Items and the agents that they go to, which hold them from now on. `results`: of their dependencies."""
        self.budget.begin()
        for role in dict.fromkeys(needs.role for needs in self._ready.needs()):
            yield from self._assign(role, results)

    def _assign(self, role: Role, results: Mapping[str, Content]) -> Iterator[tuple[str, str]]:
        """What needs the workspace goes where it is, first, and waits for agents that may come back there."""
        if at_root := self._at_root(role):
            yield from self._fill(role, results, lambda needs: needs.rooted, at_root)
            yield from self._fill(role, results, lambda needs: not needs.rooted)
        else:
            yield from self._fill(role, results, lambda _: True)

    def _at_root(self, role: Role) -> frozenset[str]:
        """The agents for what needs the workspace; empty if any will do."""
        if not any(needs.rooted and needs.role is role for needs in self._ready.needs()):
            return frozenset()
        if not self._root and (first := self.loads.least(role)):
            self._root = self.loads.node_of(first)
        return self.loads.on(self._root, role) if self._root else frozenset()

    def _fill(
        self,
        role: Role,
        results: Mapping[str, Content],
        wanted: Callable[[Needs], bool],
        among: frozenset[str] | None = None,
    ) -> Iterator[tuple[str, str]]:
        agents = self.loads.spread(role, among)
        while (agent := next(agents, None)) and (item := self._next(role, results, wanted)):
            view = self._views[item]
            other = self._other(role, agent, view, among)
            self.opening.add(item)
            self.loads.hold(other or agent, item, alone=view.suspect)
            self._gates.assigned(self.model_of(item), item)
            if other or view.suspect:
                agents = self.loads.spread(role, among)  # who has room is not what it was
            yield item, other or agent

    def _other(self, role: Role, agent: str, view: ItemView, among: frozenset[str] | None) -> str | None:
        """Who takes an item instead of the agent that failed it; nobody for a suspect that would have to wait there."""
        other = self.loads.least(role, agent, among) if view.avoid == agent else None
        return None if other and view.suspect and self.loads.held(other) else other

    def _next(self, role: Role, results: Mapping[str, Content], wanted: Callable[[Needs], bool]) -> str | None:
        """The next item that there is room for, which is reserved then."""
        while item := self._ready.pop(role, lambda needs: wanted(needs) and self._may(needs)):
            match self.budget.take(item, results):
                case Taken.YES:
                    return item
                case Taken.NO:
                    self.push(item)
                    return None
        return None

    def _may(self, needs: Needs) -> bool:
        return self._gates.may(needs.model) and (not needs.alone or self._may_alone(needs.role))

    def _may_alone(self, role: Role) -> bool:
        others = any(needs.role is role and not needs.alone for needs in self._ready.needs())
        return self.loads.room_alone(role, others=others)

    def unaffordable(self, run: str) -> str:
        """Why the budgets have no room for any item that is ready; "" if they may have, or if there is none."""
        return self.budget.why_not(run, others=bool(len(self._ready)))

    def blocked(self) -> str:
        """Why no ready item can be assigned until something changes; "" if that is not so."""
        if self.budget.fleet.waits:
            return self.budget.fleet.waits
        reasons = [self._why_not(needs) for needs in sorted(self._ready.needs())]
        return "; ".join(dict.fromkeys(reasons)) if all(reasons) else ""

    def _why_not(self, needs: Needs) -> str:
        """Why no such item can be assigned; "" if one may be, if not now."""
        if missing := self.loads.missing(needs.role):
            return missing
        why = self._gates.why_not(needs.model)
        return f"model {needs.model} is unavailable: {why}" if why else ""

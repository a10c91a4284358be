"""The state of one run: events in, commands out. No asyncio, no Ray, no clock, no disk.

Replaying a run's journal gives the state its driver had; `start` then gives the commands that driver still owed.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from actors.events import (
    Event,
    ItemAssigned,
    ItemClosed,
    ItemFailed,
    ItemSkipped,
    ItemStarted,
    RunFinished,
    RunStarted,
)
from actors.work import TERMINAL, Content, Failure, Item, ItemState, Lost, Result, RunStatus, Task
from cluster.commands import AgentAttached, AgentAway, Append, Command, Stimulus, Submit
from cluster.graph import WorkGraph
from cluster.placement import Loads, ReadyQueue
from cluster.transitions import READY_NOW, item_after, run_after


class ItemView:
    """What the run knows of one item."""

    __slots__ = ("agent", "attempts", "epoch", "failure", "left", "state", "story", "users")

    def __init__(self, left: int, users: int) -> None:
        self.state = ItemState.WAITING
        self.left = left  # dependencies that are not complete
        self.users = users  # dependents that are not terminal
        self.epoch = 0
        self.attempts = 0  # what is charged to the item
        self.agent = ""
        self.failure: Failure | None = None
        self.story: list[str] = []


class RunState:
    """One run. Its fields are correlated: change them through `handle` alone."""

    def __init__(self, run: str, graph: WorkGraph, model: str) -> None:
        self.run, self.graph, self.model = run, graph, model
        self.term = 0
        self.status = RunStatus.RUNNING
        self.views = {item.id: ItemView(len(item.dependencies), len(graph.dependents[item.id])) for item in graph.items}
        self.counts: Counter[ItemState] = Counter({ItemState.WAITING: len(self.views)})
        self.results: dict[str, Content] = {}
        """Data of complete items that an unfinished item depends on."""
        self._ready = ReadyQueue(graph)
        self._loads = Loads()
        self._doomed: set[str] = set()  # ended by a decision that is on its way to the journal
        self._live = False
        for id_, view in self.views.items():
            if not view.left:
                self._move(id_, READY_NOW)

    @property
    def finished(self) -> bool:
        """Whether RunFinished is on disk."""
        return self.status is not RunStatus.RUNNING

    def replay(self, events: Iterable[Event]) -> None:
        """Take in the journal of earlier drivers without asking for anything."""
        for event in events:
            self.handle(event)

    def start(self, term: int) -> list[Command]:
        """Begin to drive in this term: what is owed, and what can be assigned now."""
        self.term, self._live = term, True
        failed = [id_ for id_, view in self.views.items() if view.state is ItemState.READY and view.failure]
        owed: list[Command] = [self._fail(id_) for id_ in failed]
        for id_, view in self.views.items():
            if view.state is ItemState.FAILED:
                owed += self._skip_dependents(id_)
        return owed + self._finish() + self._assign()

    def handle(self, stimulus: Stimulus) -> list[Command]:
        """Take in one fact. Raises InvalidTransition, and changes nothing, if it does not fit."""
        handler: Callable[[RunState, Any], list[Command]] | None = _HANDLERS.get(type(stimulus))
        if handler is None:
            return []
        commands = handler(self, stimulus)
        return commands if self._live else []

    def _on_run_started(self, event: RunStarted) -> list[Command]:
        self.status = run_after(self.status, event.type)
        return []

    def _on_run_finished(self, event: RunFinished) -> list[Command]:
        self.status = run_after(self.status, f"{event.type}:{event.status.value}")
        return []

    def _on_item_assigned(self, event: ItemAssigned) -> list[Command]:
        view = self._move(event.item, event.type, f"assigned #{event.epoch} to {event.agent}")
        view.epoch, view.agent = event.epoch, event.agent
        self._ready.discard(event.item)
        self._loads.hold(event.agent, event.item)
        return [Submit(event.agent, self._task(self.graph.by_id[event.item], event))] if self._live else []

    def _on_item_started(self, event: ItemStarted) -> list[Command]:
        self._move(event.item, event.type)
        return []

    def _on_item_closed(self, event: ItemClosed) -> list[Command]:
        outcome = event.outcome
        view = self._move(event.item, f"{event.type}:{outcome.kind}", f"closed #{event.epoch}: {outcome.kind}")
        self._loads.drop(view.agent, event.item, None if isinstance(outcome, Lost) else outcome.seconds)
        match outcome:
            case Result():
                view.attempts += 1
                return self._complete(event.item, outcome.data)
            case Failure():
                view.attempts += 1
                view.failure = outcome
                return [self._fail(event.item), *self._assign()] if self._live else []
            case Lost():
                self._ready.push(event.item)
                return self._assign()

    def _on_item_failed(self, event: ItemFailed) -> list[Command]:
        self._move(event.item, event.type, f"failed: {event.reason.value}")
        self._forget(event.item)
        return [*self._skip_dependents(event.item), *self._finish()]

    def _on_item_skipped(self, event: ItemSkipped) -> list[Command]:
        self._move(event.item, event.type, f"skipped for {event.cause}")
        self._forget(event.item)
        return self._finish()

    def _on_attached(self, stimulus: AgentAttached) -> list[Command]:
        given = [(id_, self.views[id_]) for id_ in self._loads.attach(stimulus.agent, stimulus.concurrency)]
        open_ = [(id_, view) for id_, view in given if view.state is ItemState.ACTIVE]
        gone = [(id_, view) for id_, view in open_ if (id_, view.epoch) not in stimulus.held]
        why = f"{stimulus.agent} came back as generation {stimulus.generation} without it"
        return [*(self._lose(id_, view, why) for id_, view in gone), *self._assign()]

    def _on_away(self, stimulus: AgentAway) -> list[Command]:
        self._loads.detach(stimulus.agent)
        return []

    def _move(self, item: str, event: str, told: str = "") -> ItemView:
        view = self.views[item]
        after = item_after(item, view.state, event, view.story)
        if told:
            view.story.append(told)
        if after is not view.state:
            self.counts[view.state] -= 1
            self.counts[after] += 1
            view.state = after
            if event == READY_NOW:
                self._ready.push(item)
        return view

    def _complete(self, item: str, data: Content) -> list[Command]:
        if self.views[item].users:
            self.results[item] = data
        for child in self.graph.dependents[item]:
            view = self.views[child]
            view.left -= 1
            if not view.left and view.state is ItemState.WAITING and child not in self._doomed:
                self._move(child, READY_NOW)
        self._forget(item)
        return [*self._finish(), *self._assign()]

    def _forget(self, item: str) -> None:
        """The item is terminal: let go of results that no unfinished item depends on any more."""
        for parent in self.graph.by_id[item].dependencies:
            view = self.views[parent]
            view.users -= 1
            if not view.users:
                self.results.pop(parent, None)

    def _fail(self, item: str) -> Command:
        view = self.views[item]
        assert view.failure is not None
        self._doomed.add(item)
        return Append(
            ItemFailed(
                run=self.run,
                item=item,
                attempts=view.attempts,
                reason=view.failure.reason,
                message=view.failure.message,
                term=self.term,
            )
        )

    def _skip_dependents(self, cause: str) -> list[Command]:
        if not self._live:
            return []
        found = [id_ for id_ in self.graph.descendants(cause) if id_ not in self._doomed]
        doomed = [id_ for id_ in found if self.views[id_].state is ItemState.WAITING]
        self._doomed.update(doomed)
        return [Append(ItemSkipped(run=self.run, item=id_, cause=cause, term=self.term)) for id_ in doomed]

    def _lose(self, item: str, view: ItemView, why: str) -> Command:
        return Append(
            ItemClosed(
                run=self.run,
                item=item,
                epoch=view.epoch,
                attempt=view.attempts + 1,
                agent=view.agent,
                generation=0,
                outcome=Lost(message=why),
            )
        )

    def _assign(self) -> list[Command]:
        if not self._live:
            return []
        commands: list[Command] = []
        while self._ready and (agent := self._loads.freest()):
            item = self.graph.by_id[self._ready.pop()]
            view = self.views[item.id]
            self._loads.hold(agent, item.id)
            commands.append(
                Append(
                    ItemAssigned(
                        run=self.run,
                        item=item.id,
                        epoch=view.epoch + 1,
                        attempt=view.attempts + 1,
                        agent=agent,
                        model=item.model or self.model,
                        term=self.term,
                    )
                )
            )
        return commands

    def _task(self, item: Item, event: ItemAssigned) -> Task:
        results = {id_: self.results[id_] for id_ in item.dependencies}
        return Task(
            run=self.run, item=item, epoch=event.epoch, attempt=event.attempt, model=event.model, results=results
        )

    def _finish(self) -> list[Command]:
        if not self._live or self.finished or sum(self.counts[state] for state in TERMINAL) < len(self.views):
            return []
        complete = self.counts[ItemState.COMPLETE] == len(self.views)
        status = RunStatus.COMPLETED if complete else RunStatus.COMPLETED_WITH_FAILURES
        return [Append(RunFinished(run=self.run, term=self.term, status=status, counts=self.tally()))]

    def tally(self) -> Mapping[str, int]:
        """Items by state; adds up to the number of items."""
        return {state.value: self.counts[state] for state in ItemState}

    def check(self) -> None:
        """Raise AssertionError unless every invariant holds."""
        assert sum(self.counts.values()) == len(self.views)
        assert self.counts == Counter(view.state for view in self.views.values())
        for id_, view in self.views.items():
            children = [self.views[child].state for child in self.graph.dependents[id_]]
            assert view.users == sum(state not in TERMINAL for state in children), id_
            parents = [self.views[parent].state for parent in self.graph.by_id[id_].dependencies]
            assert view.left == sum(state is not ItemState.COMPLETE for state in parents), id_
            if view.state in (ItemState.ACTIVE, ItemState.COMPLETE, ItemState.READY):
                assert not view.left, f"{id_} is {view.state} before its dependencies"
            if view.state is ItemState.ACTIVE:
                assert all(parent in self.results for parent in self.graph.by_id[id_].dependencies), id_


_HANDLERS: dict[type, Callable[[RunState, Any], list[Command]]] = {
    RunStarted: RunState._on_run_started,
    RunFinished: RunState._on_run_finished,
    ItemAssigned: RunState._on_item_assigned,
    ItemStarted: RunState._on_item_started,
    ItemClosed: RunState._on_item_closed,
    ItemFailed: RunState._on_item_failed,
    ItemSkipped: RunState._on_item_skipped,
    AgentAttached: RunState._on_attached,
    AgentAway: RunState._on_away,
}

"""The state of one run: events in, commands out. No asyncio, no Ray, no clock, no disk.

Replaying a run's journal gives the state its driver had; `start` then gives the commands that driver still owed.
"""

from collections import Counter, deque
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from actors.events import (
    CancelRequested,
    ContinueRequested,
    Event,
    ItemAssigned,
    ItemCancelled,
    ItemClosed,
    ItemFailed,
    ItemReused,
    ItemSkipped,
    ItemStarted,
    PauseRequested,
    RunFinished,
    RunPaused,
    RunResumed,
    RunStarted,
)
from actors.work import FINISHED, TERMINAL, Content, Failure, ItemState, Lost, Result, RunStatus, Task
from cluster.commands import AgentAttached, AgentAway, Append, Cancel, Command, Drain, Stimulus, Submit
from cluster.facts import Facts
from cluster.graph import WorkGraph
from cluster.item_view import ItemView
from cluster.placement import Loads, ReadyQueue
from cluster.transitions import READY_NOW, item_after, run_after
from cluster.wishes import Wishes


class RunState:
    """One run. Its fields are correlated: change them through `handle` alone."""

    def __init__(self, run: str, graph: WorkGraph, model: str) -> None:
        self.run, self.graph, self.model = run, graph, model
        self.status = RunStatus.RUNNING
        self.views = {item.id: ItemView(len(item.dependencies), len(graph.dependents[item.id])) for item in graph.items}
        self.counts: Counter[ItemState] = Counter({ItemState.WAITING: len(self.views)})
        self.results: dict[str, Content] = {}
        """Data of complete items that an unfinished item depends on."""
        self.wishes = Wishes()
        self._facts = Facts(run)
        self._ready = ReadyQueue(graph)
        self._loads = Loads()
        self._opening: set[str] = set()  # ready items whose assignment is on its way to the journal
        self._ending: set[str] = set()  # items whose end is on its way to the journal
        self._live = False
        for id_, view in self.views.items():
            if not view.left:
                self._move(id_, READY_NOW)

    @property
    def finished(self) -> bool:
        """Whether RunFinished is on disk."""
        return self.status in FINISHED

    @property
    def drained(self) -> bool:
        """Whether a drain was asked for and nothing is active any more."""
        return self.wishes.drain and self.paused

    @property
    def paused(self) -> bool:
        """Whether the run is paused and nothing is active."""
        return self.status is RunStatus.PAUSED and not self._busy()

    def replay(self, events: Iterable[Event]) -> None:
        """Take in the journal of earlier drivers without asking for anything."""
        self.handle(*events)

    def start(self, term: int, agents: Collection[str]) -> list[Command]:
        """Begin to drive in this term with these agents: what is owed, and what can be assigned now."""
        self._facts.term, self._live = term, True
        self._ending.clear()  # what an earlier driver was about to say
        owed: list[Command] = []
        for id_, view in self.views.items():
            if view.state is ItemState.ACTIVE and view.agent not in agents:
                owed.append(self._lose(id_, f"{view.agent} is not in the fleet any more"))
            elif view.state is ItemState.READY and view.failure:
                owed.append(self._end(id_, self._facts.failed(id_, view.attempts, view.failure)))
            elif view.state in TERMINAL and view.state is not ItemState.COMPLETE:
                owed += self._skip_dependents(id_)
        return [*owed, *self._cancel(self._wanted()), *self._settle()]

    def handle(self, *stimuli: Stimulus) -> list[Command]:
        """Take in facts. Raises InvalidTransition for one that does not fit; that one changes nothing."""
        commands: list[Command] = []
        for stimulus in stimuli:
            handler = _HANDLERS.get(type(stimulus))
            if handler is not None:
                commands += handler(self, stimulus)
        return [*commands, *self._settle()] if self._live else []

    def _on_run_event(self, event: RunStarted | RunPaused | RunResumed | RunFinished) -> list[Command]:
        name = f"{event.type}:{event.status.value}" if isinstance(event, RunFinished) else event.type
        self.status = run_after(self.status, name)
        self.wishes.settled(event)
        return []

    def _on_item_assigned(self, event: ItemAssigned) -> list[Command]:
        view = self._move(event.item, event.type, f"assigned #{event.epoch} to {event.agent}")
        view.epoch, view.agent = event.epoch, event.agent
        self._ready.discard(event.item)
        self._opening.discard(event.item)
        self._loads.hold(event.agent, event.item)
        if not self._live:
            return []
        if self.wishes.cancels(event.item):
            return [self._lose(event.item, "cancelled before it was given to an agent")]
        return [Submit(event.agent, self._task(event))]

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
                self._complete(event.item, outcome.data)
            case Failure():
                view.attempts += 1
                view.failure = outcome
                return [self._end(event.item, self._facts.failed(event.item, view.attempts, outcome))]
            case Lost():
                if self.wishes.cancels(event.item):
                    return [self._end(event.item, self._facts.cancelled(event.item))]
                self._ready.push(event.item)
        return []

    def _on_item_reused(self, event: ItemReused) -> list[Command]:
        self._move(event.item, event.type, f"reused from {event.origin}")
        self._ready.discard(event.item)
        self._complete(event.item, event.outcome.data)
        return []

    def _on_item_ended(self, event: ItemFailed | ItemSkipped | ItemCancelled) -> list[Command]:
        self._move(event.item, event.type, event.type)
        self._ready.discard(event.item)
        self._ending.discard(event.item)
        self._forget(event.item)
        return [] if isinstance(event, ItemSkipped) else self._skip_dependents(event.item)

    def _on_cancel(self, event: CancelRequested) -> list[Command]:
        if event.target is not None and event.target not in self.views:
            return []
        self.wishes.cancel(event.target)
        return self._cancel(self._wanted())

    def _on_wish(self, event: PauseRequested | ContinueRequested | Drain) -> list[Command]:
        self.wishes.hear(event)
        return []

    def _on_attached(self, stimulus: AgentAttached) -> list[Command]:
        given = self._loads.attach(stimulus.agent, stimulus.concurrency)
        active = [id_ for id_ in sorted(given) if self.views[id_].state is ItemState.ACTIVE]
        why = f"{stimulus.agent} came back as generation {stimulus.generation} without it"
        gone = [id_ for id_ in active if (id_, self.views[id_].epoch) not in stimulus.held]
        unwanted = [id_ for id_ in active if id_ not in gone and self.wishes.cancels(id_)]
        return [*(self._lose(id_, why) for id_ in gone), *self._cancel(unwanted)]

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

    def _complete(self, item: str, data: Content) -> None:
        if self.views[item].users:
            self.results[item] = data
        for child in self.graph.dependents[item]:
            view = self.views[child]
            view.left -= 1
            if not view.left and view.state is ItemState.WAITING and child not in self._ending:
                self._move(child, READY_NOW)
        self._forget(item)

    def _forget(self, item: str) -> None:
        """The item is terminal: let go of results that no unfinished item depends on any more."""
        for parent in self.graph.by_id[item].dependencies:
            view = self.views[parent]
            view.users -= 1
            if not view.users:
                self.results.pop(parent, None)

    def _end(self, item: str, fact: Append) -> Command:
        self._ending.add(item)
        self._ready.discard(item)
        return fact

    def _skip_dependents(self, cause: str) -> list[Command]:
        if not self._live:
            return []
        commands: list[Command] = []
        ahead = deque(self.graph.dependents[cause])
        while ahead:
            id_ = ahead.popleft()
            if self.views[id_].state is ItemState.WAITING and id_ not in self._ending:
                commands.append(self._end(id_, self._facts.skipped(id_, cause)))
                ahead.extend(self.graph.dependents[id_])
        return commands

    def _wanted(self) -> list[str]:
        """Items that are not terminal and that somebody wants to end."""
        return [id_ for id_, view in self.views.items() if view.state not in TERMINAL and self.wishes.cancels(id_)]

    def _cancel(self, items: Iterable[str]) -> list[Command]:
        commands: list[Command] = []
        for id_ in items if self._live else ():
            view = self.views[id_]
            if view.state is ItemState.ACTIVE:
                if self._loads.takes(view.agent):  # else: once it is attached, or when it is closed as lost
                    commands.append(Cancel(view.agent, id_, view.epoch))
            elif id_ not in self._ending and id_ not in self._opening:
                commands.append(self._end(id_, self._facts.cancelled(id_)))
        return commands

    def _lose(self, item: str, why: str) -> Command:
        view = self.views[item]
        return self._facts.lost(item, view.epoch, view.attempts + 1, view.agent, why)

    def _settle(self) -> list[Command]:
        """What follows from where things stand: the run's own next step, and new assignments."""
        ended = sum(self.counts[state] for state in TERMINAL) == len(self.views)
        step = self.wishes.step(self._facts, self.status, self.tally() if ended else None, busy=self._busy())
        if step or ended or self.status is not RunStatus.RUNNING or self.wishes.hold:
            return [step] if step else []
        return self._assign()

    def _busy(self) -> bool:
        return bool(self.counts[ItemState.ACTIVE] or self._opening)

    def _assign(self) -> list[Command]:
        commands: list[Command] = []
        for agent in self._loads.spread(len(self._ready)) if self._ready else ():
            item = self.graph.by_id[self._ready.pop()]
            view = self.views[item.id]
            self._opening.add(item.id)
            self._loads.hold(agent, item.id)
            model = item.model or self.model
            commands.append(self._facts.assigned(item.id, view.epoch + 1, view.attempts + 1, agent, model))
        return commands

    def _task(self, event: ItemAssigned) -> Task:
        item = self.graph.by_id[event.item]
        results = {id_: self.results[id_] for id_ in item.dependencies}
        return Task(
            run=self.run, item=item, epoch=event.epoch, attempt=event.attempt, model=event.model, results=results
        )

    def tally(self) -> Mapping[str, int]:
        """Items by state; adds up to the number of items."""
        return {state.value: self.counts[state] for state in ItemState}


_HANDLERS: dict[type, Callable[[RunState, Any], list[Command]]] = {
    **dict.fromkeys((RunStarted, RunPaused, RunResumed, RunFinished), RunState._on_run_event),
    **dict.fromkeys((ItemFailed, ItemSkipped, ItemCancelled), RunState._on_item_ended),
    **dict.fromkeys((PauseRequested, ContinueRequested, Drain), RunState._on_wish),
    ItemAssigned: RunState._on_item_assigned,
    ItemStarted: RunState._on_item_started,
    ItemClosed: RunState._on_item_closed,
    ItemReused: RunState._on_item_reused,
    CancelRequested: RunState._on_cancel,
    AgentAttached: RunState._on_attached,
    AgentAway: RunState._on_away,
}

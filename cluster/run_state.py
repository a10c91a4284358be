"""The state of one run: events in, commands out. No asyncio, no Ray, no clock, no disk.

Replaying a run's journal gives the state its driver had; `start` then gives the commands that driver still owed.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any, get_args

from actors import events as ev
from actors.failures import CLASSES
from actors.turn_events import TurnEvent
from actors.work import FINISHED, TERMINAL, Content, Failure, FailureKind, ItemState, Lost, Result, Role, RunStatus
from cluster.commands import AgentAttached, AgentAway, Command, Drain, Fetched, Stimulus, Submit
from cluster.ends import Ends
from cluster.facts import Facts
from cluster.gone import outcomes
from cluster.graph import WorkGraph
from cluster.growing import Growing, story_of
from cluster.item_view import ItemView
from cluster.ledger import Ledger
from cluster.placement import FleetEvent, Placement
from cluster.run_budget import NOTHING
from cluster.tasks import task_of
from cluster.transitions import READY_NOW, run_after
from cluster.wishes import RunEvent, Standing, Wishes


class RunState:
    """One run. Its fields are correlated: change them through `handle` alone."""

    def __init__(self, run: str, graph: WorkGraph, model: str) -> None:
        self.run, self.graph, self.model = run, graph, model
        self.status = RunStatus.RUNNING
        self.wishes = Wishes()
        self._ledger = Ledger(graph)
        self._facts = Facts(run)
        self._placement = Placement(graph, model, self.views)
        self._growing = Growing(graph, self._ledger, self._placement, self._facts)
        self._ends = Ends(self._ledger, self._placement, self._facts, self.wishes)
        self._live = False
        self._free(id_ for id_, view in self.views.items() if not view.left)

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

    def replay(self, events: Iterable[ev.Event]) -> None:
        """Take in the journal of earlier drivers without asking for anything."""
        self.handle(*events)

    def start(self, term: int, agents: Mapping[str, Role]) -> list[Command]:
        """Begin to drive in this term with these agents: what is owed, and what can be assigned now."""
        self._facts.term, self._live = term, True
        self._placement.loads.enlist(agents)
        self._ends.coming.clear()  # what an earlier driver was about to say
        self._growing.restart()
        owed: list[Command] = []
        for id_, view in self.views.items():
            if view.state is ItemState.ACTIVE and view.agent not in agents:
                owed.append(self._close(id_, Lost(message=f"{view.agent} is not in the fleet any more")))
            elif view.state is ItemState.ACTIVE and self._placement.loads.is_gone(view.agent):
                owed.append(self._close(id_, Lost(message=f"{view.agent} is gone")))
            elif view.state is ItemState.READY and (fact := self._ends.verdict(id_)):
                owed.append(self._ends.end(id_, fact))
            elif view.state in TERMINAL and view.state is not ItemState.COMPLETE:
                owed += self._ends.skip_dependents(id_)
        return [*owed, *self._ends.cancel(self._ends.wanted()), *self._growing.fetches(), *self._settle()]

    def handle(self, *stimuli: Stimulus) -> list[Command]:
        """Take in facts. Raises InvalidTransition for one that does not fit; that one changes nothing."""
        commands: list[Command] = []
        for stimulus in stimuli:
            handler = _HANDLERS.get(type(stimulus))
            if handler is not None:
                commands += handler(self, stimulus)
        return [*commands, *self._growing.fetches(), *self._settle()] if self._live else []

    def _on_run_event(self, event: RunEvent) -> list[Command]:
        name = f"{event.type}:{event.status.value}" if isinstance(event, ev.RunFinished) else event.type
        self.status = run_after(self.status, name)
        self.wishes.settled(event)
        return []

    def _on_item_assigned(self, event: ev.ItemAssigned) -> list[Command]:
        view = self._ledger.move(event.item, event.type, f"assigned #{event.epoch} to {event.agent}")
        view.open(event.epoch, event.agent, alone=event.alone)
        self._placement.opened(event)
        if not self._live:
            return []
        if self.wishes.cancels(event.item):
            why = "cancelled before it was given to an agent"
        elif self._placement.loads.is_gone(event.agent):
            why = f"{event.agent} was gone before it was given the item"
        else:
            return [Submit(event.agent, task_of(event, self.graph, self.views[event.item], self.results))]
        return [self._close(event.item, Lost(message=why, reserved=NOTHING))]

    def _on_item_started(self, event: ev.ItemStarted) -> list[Command]:
        self._ledger.move(event.item, event.type).started = True
        return []

    def _on_turn(self, event: TurnEvent) -> list[Command]:
        self._ledger.move(event.item, event.type).note(event)
        return []

    def _on_item_closed(self, event: ev.ItemClosed) -> list[Command]:
        outcome = event.outcome
        told = f"closed #{event.epoch}: {outcome.kind}"
        view = self._ledger.move(event.item, f"{event.type}:{outcome.kind}", told)
        self._placement.closed(event, view.agent)
        view.close(outcome)
        if isinstance(outcome, Result):
            self._complete(event.item, outcome.data)
            return []
        if isinstance(outcome, Failure) and CLASSES[outcome.reason].pauses:
            self.wishes.stop(outcome.reason.value)
        if fact := self._ends.verdict(event.item):
            return [self._ends.end(event.item, fact)]
        if not self._growing.due(event.item):
            self._placement.push(event.item)
        return []

    def _on_item_made(self, event: ev.ItemReused | ev.ItemJoined) -> list[Command]:
        """The item is complete without an attempt."""
        self._ledger.move(event.item, event.type, event.type)
        self._forget(event.item)
        self._complete(event.item, event.outcome.data)
        return []

    def _on_fetched(self, stimulus: Fetched) -> list[Command]:
        fact = None if stimulus.item in self._ends.coming else self._growing.next(stimulus)
        if fact is None:
            return []
        return [fact if isinstance(fact.event, ev.ItemsAdded) else self._ends.end(stimulus.item, fact)]

    def _on_items_added(self, event: ev.ItemsAdded) -> list[Command]:
        self._ledger.move(event.item, event.type, f"grew by {len(event.items)}")
        self._free(self._growing.grow(event))
        if self.wishes.cancels(event.item):
            self._cancel_below(event.item)
        return self._cancel(id_ for id_ in self._growing.below(event.item) if self.wishes.cancels(id_))

    def _on_item_ended(
        self, event: ev.ItemFailed | ev.ItemQuarantined | ev.ItemSkipped | ev.ItemCancelled
    ) -> list[Command]:
        self._ledger.move(event.item, event.type, event.type)
        self._forget(event.item)
        self.views[event.item].turns = ()
        self._ledger.forget(event.item)
        self._end_child(event.item, Content(text=story_of(event)), is_error=True)
        skips = self._live and not isinstance(event, ev.ItemSkipped)
        return self._ends.skip_dependents(event.item) if skips else []

    def _on_cancel(self, event: ev.CancelRequested) -> list[Command]:
        if event.target is not None and event.target not in self.views:
            return []
        self.wishes.cancel(event.target)
        if event.target is not None:
            self._cancel_below(event.target)
        return self._cancel(self._ends.wanted())

    def _cancel_below(self, item: str) -> None:
        for id_ in self._growing.below(item):
            self.wishes.cancel(id_)

    def _on_wish(self, event: ev.RunAccepted | ev.PauseRequested | ev.ContinueRequested | Drain) -> list[Command]:
        if isinstance(event, ev.RunAccepted | ev.ContinueRequested):
            self._placement.budget.change(event.budget)
        if isinstance(event, ev.RunAccepted):
            self._growing.limits = event.limits
        self.wishes.hear(event)
        return []

    def _on_attached(self, stimulus: AgentAttached) -> list[Command]:
        self._placement.loads.attach(stimulus.agent, stimulus.concurrency, stimulus.generation)
        given = [(id_, self.views[id_]) for id_ in self._given(stimulus.agent)]
        gone = [(id_, view) for id_, view in given if (id_, view.epoch) not in stimulus.held]
        gone_with = [(id_, view, self._placement.model_of(id_)) for id_, view in gone]
        closings = [self._close(id_, outcome) for id_, _, outcome in outcomes(stimulus, gone_with)]
        kept = [id_ for id_, view in given if (id_, view.epoch) in stimulus.held]
        return [*closings, *self._cancel(id_ for id_ in kept if self.wishes.cancels(id_))]

    def _on_away(self, stimulus: AgentAway) -> list[Command]:
        self._placement.loads.detach(stimulus.agent)
        return []

    def _on_fleet_event(self, event: FleetEvent) -> list[Command]:
        self._placement.hear(event)
        if not isinstance(event, ev.AgentFailed | ev.AgentRestarted) or not self._live:
            return []
        if not self._placement.loads.is_gone(event.agent):
            return []
        lost = Lost(message=f"{event.agent} is gone: {event.reason}")
        return [self._close(id_, lost) for id_ in self._given(event.agent)]

    def _given(self, agent: str) -> list[str]:
        """The active items of an agent, in the order of assignment."""
        return [id_ for id_ in self._placement.loads.held(agent) if self.views[id_].state is ItemState.ACTIVE]

    def _complete(self, item: str, data: Content) -> None:
        self._free(child for child in self._ledger.complete(item, data) if child not in self._ends.coming)
        self._end_child(item, data, is_error=False)

    def _end_child(self, item: str, data: Content, *, is_error: bool) -> None:
        """Whoever waits for the item as its sub-agent's has an answer."""
        parents = self._growing.ended(item, data, is_error=is_error)
        self._free(parent for parent in parents if parent not in self._ends.coming)

    def _free(self, items: Iterable[str]) -> None:
        for id_ in items:
            self._ledger.move(id_, READY_NOW)
            if not self._growing.due(id_):
                self._placement.push(id_)

    def _forget(self, item: str) -> None:
        """The item is terminal."""
        self._placement.discard(item)
        self._growing.forget(item)
        self._ends.coming.discard(item)

    def _cancel(self, items: Iterable[str]) -> list[Command]:
        return self._ends.cancel(items) if self._live else []

    def _close(self, item: str, outcome: Failure | Lost) -> Command:
        return self._facts.closed(item, self.views[item], self._placement.budget.counted(item, outcome))

    def _settle(self) -> list[Command]:
        """What follows from where things stand: the run's own next step, and new assignments."""
        over, busy = self._ledger.over, self._busy()
        blocked = None if over or busy or self._ends.coming else self._placement.blocked()
        step = self.wishes.step(self._facts, Standing(self.status, self.tally() if over else None, busy, blocked))
        if step or over or self.status is not RunStatus.RUNNING or self.wishes.hold:
            return [step] if step else []
        if (commands := self._assign()) or busy or not self._placement.budget.refused:
            return commands
        self.wishes.stop(FailureKind.BUDGET.value)
        return self._settle()

    def _busy(self) -> bool:
        return bool(self.counts[ItemState.ACTIVE] or self._placement.opening)

    def _assign(self) -> list[Command]:
        model_of, reserved = self._placement.model_of, self._placement.budget.reserved
        return [
            self._facts.assigned(item, self.views[item], agent, model_of(item), reserved(item))
            for item, agent in self._placement.assign(self.results)
        ]


_HANDLERS: dict[type, Callable[[RunState, Any], list[Command]]] = {
    **dict.fromkeys(
        (ev.RunStarted, ev.RunWaiting, ev.RunPaused, ev.RunResumed, ev.RunFinished), RunState._on_run_event
    ),
    **dict.fromkeys((ev.ItemFailed, ev.ItemQuarantined, ev.ItemSkipped, ev.ItemCancelled), RunState._on_item_ended),
    **dict.fromkeys((ev.RunAccepted, ev.PauseRequested, ev.ContinueRequested, Drain), RunState._on_wish),
    **dict.fromkeys(get_args(FleetEvent), RunState._on_fleet_event),
    ev.ItemAssigned: RunState._on_item_assigned,
    ev.ItemStarted: RunState._on_item_started,
    **dict.fromkeys(get_args(TurnEvent), RunState._on_turn),
    ev.ItemClosed: RunState._on_item_closed,
    **dict.fromkeys((ev.ItemReused, ev.ItemJoined), RunState._on_item_made),
    ev.ItemsAdded: RunState._on_items_added,
    Fetched: RunState._on_fetched,
    ev.CancelRequested: RunState._on_cancel,
    AgentAttached: RunState._on_attached,
    AgentAway: RunState._on_away,
}

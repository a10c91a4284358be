"""The state of one run: events in, commands out. No asyncio, no Ray, no clock, no disk.

Replaying a run's journal gives the state its driver had; `start` then gives the commands that driver still owed.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, get_args

from actors import events as ev
from actors.journal.people import Word
from actors.journal.turns import TurnEvent
from actors.vocabulary.failures import CLASSES
from actors.work import TERMINAL, Content, Failure, ItemState, Lost, Result, Role
from cluster.run.budget import NOTHING
from cluster.run.commands import (
    AgentAttached,
    AgentAway,
    Command,
    Drain,
    Fetched,
    FleetAccount,
    Stimulus,
    Submit,
    Unaffordable,
)
from cluster.run.fleet_share import OF_FLEET
from cluster.run.gone import outcomes
from cluster.run.graph import WorkGraph
from cluster.run.growing import story_of
from cluster.run.placement import FleetEvent
from cluster.run.steps import RunSteps
from cluster.run.tasks import task_of
from cluster.run.transitions import READY_NOW, closing, run_after
from cluster.run.wishes import RunEvent


class RunState(RunSteps):
    """One run. Its fields are correlated: change them through `handle` alone."""

    def __init__(self, run: str, graph: WorkGraph, model: str) -> None:
        super().__init__(run, graph, model)
        self._live = False
        self._free(id_ for id_, view in self.views.items() if not view.left)

    def replay(self, events: Iterable[ev.Event]) -> None:
        """Take in the journal of earlier drivers without asking for anything."""
        self.handle(*events)

    def start(self, term: int, agents: Mapping[str, Role]) -> list[Command]:
        """Begin to drive in this term with these agents: what is owed, and what can be assigned now."""
        self._facts.term, self._live = term, True
        self._placement.enlist(agents)
        self._ends.coming.clear()  # what an earlier driver was about to say
        self._growing.restart()
        self.phases.restart()
        owed: list[Command] = []
        for id_, view in self.views.items():
            if view.state is ItemState.ACTIVE and view.agent not in agents:
                owed.append(self._close(id_, Lost(message=f"{view.agent} is not in the fleet any more")))
            elif view.state is ItemState.ACTIVE and self._placement.loads.is_gone(view.agent):
                owed.append(self._close(id_, Lost(message=f"{view.agent} is gone")))
            elif fact := self._ends.due(id_):
                owed.append(self._ends.end(id_, fact))
            elif view.state in TERMINAL and view.state is not ItemState.COMPLETE:
                owed += self._ends.skip_dependents(id_)
        return [*owed, *self._ends.cancel(self._ends.wanted()), *self._growing.fetches(), *self._next()]

    def handle(self, *stimuli: Stimulus) -> list[Command]:
        """Take in facts. Raises InvalidTransition for one that does not fit; that one changes nothing."""
        commands: list[Command] = []
        for stimulus in stimuli:
            handler = _HANDLERS.get(type(stimulus))
            if handler is not None:
                commands += handler(self, stimulus)
        return [*commands, *self._growing.fetches(), *self._next()] if self._live else []

    def _on_run_event(self, event: RunEvent) -> list[Command]:
        name = f"{event.type}:{event.status.value}" if isinstance(event, ev.RunFinished) else event.type
        self.status = run_after(self.status, name)
        self.wishes.settled(event)
        return []

    def _on_phase_changed(self, event: ev.PhaseChanged) -> list[Command]:
        self.phases.changed(event)
        return []

    def _on_item_assigned(self, event: ev.ItemAssigned) -> list[Command]:
        view = self._ledger.move(event.item, event.type, f"assigned #{event.epoch} to {event.agent}")
        view.open(event)
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
        view = self._ledger.move(event.item, closing(event, self.views[event.item].purpose), told)
        self._placement.closed(event, view.agent)
        view.close(outcome)
        if isinstance(outcome, Result) and not event.pending:
            return self._complete(event.item, outcome.data)
        if isinstance(outcome, Failure) and CLASSES[outcome.reason].pauses:
            self.wishes.stop(outcome.reason.value)
        return self._go_on(event.item)

    def _on_item_made(self, event: ev.ItemReused | ev.ItemJoined | ev.ItemAccepted) -> list[Command]:
        """The item is complete, and no attempt's end says so."""
        self._ledger.move(event.item, event.type, event.type)
        self._forget(event.item)
        return self._complete(event.item, event.outcome.data)

    def _on_approval_requested(self, event: ev.ApprovalRequested) -> list[Command]:
        rounds = self._ledger.move(event.item, event.type, event.type).rounds
        assert rounds
        rounds.ask(event)
        self._forget(event.item)
        return self._go_on(event.item)

    def _on_word(self, event: Word) -> list[Command]:
        view = self.views.get(event.target)
        if view is None or view.rounds is None:
            return []
        view.rounds.hear(event)
        waits = view.state is ItemState.BLOCKED and event.target not in self._ends.coming
        return self._go_on(event.target) if waits else []

    def _on_fetched(self, stimulus: Fetched) -> list[Command]:
        fact = None if stimulus.item in self._ends.coming else self._growing.next(stimulus)
        if fact is None:
            return []
        return [fact if isinstance(fact.event, ev.ItemsAdded) else self._ends.end(stimulus.item, fact)]

    def _on_items_added(self, event: ev.ItemsAdded) -> list[Command]:
        self._ledger.move(event.item, event.type, f"grew by {len(event.items)}")
        commands = self._free(id_ for id_ in self._growing.grow(event) if id_ not in self._ends.coming)
        if self.wishes.cancels(event.item):
            self._cancel_below(event.item)
        return commands + self._cancel(id_ for id_ in self._growing.below(event.item) if self.wishes.cancels(id_))

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
            self._placement.change_budget(event)
            self._growing.limits = event.limits or self._growing.limits
        self.wishes.hear(event)
        return []

    def _on_attached(self, stimulus: AgentAttached) -> list[Command]:
        self._placement.attach(stimulus.agent, stimulus.concurrency, stimulus.generation)
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
        if isinstance(event, ev.FleetBudgetSet) and OF_FLEET in self.wishes.stopped:
            self.wishes.stopped = ""
        if not isinstance(event, ev.AgentFailed | ev.AgentRestarted) or not self._live:
            return []
        if not self._placement.loads.is_gone(event.agent):
            return []
        lost = Lost(message=f"{event.agent} is gone: {event.reason}")
        return [self._close(id_, lost) for id_ in self._given(event.agent)]

    def _on_unaffordable(self, stimulus: Unaffordable) -> list[Command]:
        self._placement.refused(stimulus.event)
        return self._cancel([stimulus.event.item] if self.wishes.cancels(stimulus.event.item) else [])

    def _on_account(self, stimulus: FleetAccount) -> list[Command]:
        self._placement.budget.fleet.tell(stimulus.account)
        return []

    def _given(self, agent: str) -> list[str]:
        """The active items of an agent, in the order of assignment."""
        return [id_ for id_ in self._placement.loads.held(agent) if self.views[id_].state is ItemState.ACTIVE]

    def _complete(self, item: str, data: Content) -> list[Command]:
        self.phases.complete(item)
        commands = self._free(child for child in self._ledger.complete(item, data) if child not in self._ends.coming)
        return commands + self._end_child(item, data, is_error=False)

    def _end_child(self, item: str, data: Content, *, is_error: bool) -> list[Command]:
        """Whoever waits for the item as its sub-agent's has an answer."""
        parents = self._growing.ended(item, data, is_error=is_error)
        return self._free(parent for parent in parents if parent not in self._ends.coming)

    def _free(self, items: Iterable[str]) -> list[Command]:
        commands: list[Command] = []
        for id_ in items:
            self._ledger.move(id_, READY_NOW)
            commands += self._go_on(id_)
        return commands

    def _go_on(self, item: str) -> list[Command]:
        """The item waits for what comes next: a fact that is owed, an agent, or a person who has not spoken yet."""
        view = self.views[item]
        if view.state is ItemState.BLOCKED and view.rounds and (word := view.rounds.reply(view.epoch)):
            self._ledger.move(item, word.type, word.type)
            view.rounds.take(word)
        if fact := self._ends.due(item):
            return [self._ends.end(item, fact)]
        if view.state is not ItemState.BLOCKED and not self._growing.due(item):
            self._placement.push(item)
        return []

    def _forget(self, item: str) -> None:
        """The item is terminal, or a person is asked about it."""
        self._placement.discard(item)
        self._growing.forget(item)
        self._ends.coming.discard(item)

    def _cancel(self, items: Iterable[str]) -> list[Command]:
        return self._ends.cancel(items) if self._live else []

    def _close(self, item: str, outcome: Failure | Lost) -> Command:
        return self._facts.closed(item, self.views[item], self._placement.budget.counted(item, outcome))


_HANDLERS: dict[type, Callable[[RunState, Any], list[Command]]] = {
    **dict.fromkeys(
        (ev.RunStarted, ev.RunWaiting, ev.RunPaused, ev.RunResumed, ev.RunFinished), RunState._on_run_event
    ),
    **dict.fromkeys((ev.ItemFailed, ev.ItemQuarantined, ev.ItemSkipped, ev.ItemCancelled), RunState._on_item_ended),
    **dict.fromkeys((ev.RunAccepted, ev.PauseRequested, ev.ContinueRequested, Drain), RunState._on_wish),
    **dict.fromkeys(get_args(FleetEvent), RunState._on_fleet_event),
    ev.PhaseChanged: RunState._on_phase_changed,
    ev.ItemAssigned: RunState._on_item_assigned,
    ev.ItemStarted: RunState._on_item_started,
    **dict.fromkeys(get_args(TurnEvent), RunState._on_turn),
    ev.ItemClosed: RunState._on_item_closed,
    **dict.fromkeys((ev.ItemReused, ev.ItemJoined, ev.ItemAccepted), RunState._on_item_made),
    ev.ApprovalRequested: RunState._on_approval_requested,
    **dict.fromkeys(get_args(Word), RunState._on_word),
    ev.ItemsAdded: RunState._on_items_added,
    Fetched: RunState._on_fetched,
    ev.CancelRequested: RunState._on_cancel,
    AgentAttached: RunState._on_attached,
    AgentAway: RunState._on_away,
    Unaffordable: RunState._on_unaffordable,
    FleetAccount: RunState._on_account,
}

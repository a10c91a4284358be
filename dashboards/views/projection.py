"""A run as a person sees it: a pure fold over its journal. The counts of the states always add up to the items."""

from collections.abc import Callable, Collection, Iterable
from functools import partial
from typing import Any, get_args

from actors.events import (
    FLEET,
    AgentHeartbeat,
    AgentResetRequested,
    AgentRestartRequested,
    AgentStarting,
    CancelRequested,
    ContinueRequested,
    Event,
    FleetBudgetSet,
    ItemAccepted,
    ItemAssigned,
    ItemCancelled,
    ItemClosed,
    ItemFailed,
    ItemJoined,
    ItemQuarantined,
    ItemReused,
    ItemsAdded,
    ItemSkipped,
    ItemStarted,
    ModelAvailable,
    ModelHeld,
    ModelUnavailable,
    PauseRequested,
    PhaseChanged,
    RunAccepted,
    RunFinished,
    RunPaused,
    RunResumed,
    RunStarted,
    RunWaiting,
    ToolDone,
    TurnDone,
)
from actors.journal.memories import MemoryEvent
from actors.journal.people import ApprovalRequested, Word
from actors.journal.turns import Noted
from actors.spending.budget import Budget
from actors.stores.protocol import RunRecord
from actors.vocabulary.limits import Limits
from actors.vocabulary.phase import first
from actors.vocabulary.review import Purpose
from actors.work import FINISHED, TERMINAL, Item, ItemState, Role, RunStatus, Usage
from dashboards.views.accounts import Accounts
from dashboards.views.agent_info import MISSING, AgentInfo, AgentState, FleetEvent
from dashboards.views.item_review import ItemReview
from dashboards.views.item_view import ItemView
from dashboards.views.item_views import ItemViews


class RunView:
    """One run: its accepted items and the events applied so far. Knows nothing that the journal does not say."""

    def __init__(self, items: Iterable[Item], record: RunRecord) -> None:
        self.run, self.key, self.name, self.model = record.run, record.key, record.name, record.model
        self.seq, self._at = 0, 0.0
        """The cursor: events up to here were applied; applying one again changes nothing."""
        self.state = RunStatus.RUNNING
        self.reason: str | None = None
        """Why the state is what it is, where that is not plain."""
        self.held: dict[str, ModelHeld] = {}
        """Models whose calls wait for their limits, as was told last."""
        self.budget = Budget()
        self.limits = Limits()
        self.accepted_at: float | None = None
        self.started_at: float | None = None
        """When the first driver took the run."""
        self.finished_at: float | None = None
        self.accounts = Accounts()
        self.agents: dict[str, AgentInfo] = {}
        self._asked = False  # for the agents of a fleet, which are told in rows that follow each other
        self.items = ItemViews()
        self._roles: dict[str, Role] = {}
        self._add([item for item in items if item.parent is None])
        self.phase = first(item.phase for item in self.items.values())

    def _add(self, items: Collection[Item]) -> None:
        self._roles |= {item.id: item.agent for item in items}
        self.items.add([(item, self._view(item)) for item in items], self._at)

    def _view(self, item: Item) -> ItemView:
        spent, review = partial(self.accounts.item, item.id), ItemReview(self.run, item)
        return ItemView(item.id, 0, spent, review, parent=item.parent, phase=item.phase, budget=item.budget)

    @property
    def usage(self) -> Usage:
        """Tokens so far."""
        return self.accounts.run.usage

    @property
    def cost_usd(self) -> float | None:
        """None as soon as one used price is unknown."""
        return self.accounts.run.cost_usd

    @property
    def finished(self) -> bool:
        """Whether the run has its terminal state."""
        return self.state in FINISHED

    def unavailable(self) -> list[AgentInfo]:
        """Agents that could not be started, or that were given up."""
        return [agent for agent in self.agents.values() if agent.state in MISSING]

    def apply(self, event: Event) -> None:
        """Take in the next event of the journal; other runs' events and those applied before are passed over."""
        if event.run not in (self.run, FLEET) or (event.seq and event.seq <= self.seq):
            return
        self.seq, self._at = max(self.seq, event.seq), event.at
        if isinstance(event, AgentStarting) and not self._asked:  # whoever was there before is gone
            self.agents.clear()
            self.held.clear()
        self._asked = isinstance(event, AgentStarting)
        _HANDLERS[type(event)](self, event)

    def _on_run_accepted(self, event: RunAccepted) -> None:
        self.accepted_at = event.at
        self.budget, self.limits = event.budget or self.budget, event.limits

    def _on_run_started(self, event: RunStarted) -> None:
        self.started_at = event.at if self.started_at is None else self.started_at

    def _on_run_halted(self, event: RunPaused | RunWaiting) -> None:
        self.state = RunStatus.PAUSED if isinstance(event, RunPaused) else RunStatus.WAITING
        self.reason = event.reason

    def _on_run_resumed(self, _event: RunResumed) -> None:
        self.state, self.reason = RunStatus.RUNNING, None

    def _on_run_finished(self, event: RunFinished) -> None:
        self.state, self.finished_at = event.status, event.at
        bad = {state: n for state, n in self.items.counts.items() if n and state != ItemState.COMPLETE}
        self.reason = ", ".join(f"{n} {state}" for state, n in bad.items()) or None

    def _on_phase_changed(self, event: PhaseChanged) -> None:
        self.phase = event.after

    def _on_continue(self, event: ContinueRequested) -> None:
        if event.budget and (of := self.items.get(event.target) if event.target else self):
            of.budget = (of.budget or Budget()).changed(event.budget)
        self.limits = event.limits or self.limits

    def _on_held(self, event: ModelHeld) -> None:
        if event.waiting:
            self.held[event.model] = event
        else:
            self.held.pop(event.model, None)

    def _on_item_assigned(self, event: ItemAssigned) -> None:
        item = self._move(event.item, ItemState.ACTIVE)
        item.open(event)
        self.accounts.assigned(event)

    def _on_item_started(self, event: ItemStarted) -> None:
        self.items[event.item].started_at = event.at
        at_work = self.items[event.item].purpose is Purpose.WORK
        agent = self._agent(event.agent, self._roles[event.item] if at_work else Role.REVIEWER)
        agent.working_on.add(event.item)
        agent.state = AgentState.ACTIVE

    def _on_turn_done(self, event: TurnDone) -> None:
        self.items[event.item].turns = event.turn
        self.accounts.went_on(event)

    def _on_item_closed(self, event: ItemClosed) -> None:
        item = self.items[event.item]
        self._release(event.agent, event.item)
        self.accounts.closed(event)
        state = item.close(event)
        if state is ItemState.COMPLETE:
            self.items.complete(item, event.at)
        else:
            self._move(item.id, state)

    def _on_item_accepted(self, event: ItemAccepted) -> None:
        item = self.items[event.item]
        item.review.passed, item.model = event.passed, event.outcome.model
        self.items.complete(item, event.at)

    def _on_approval_requested(self, event: ApprovalRequested) -> None:
        self._move(event.item, ItemState.BLOCKED).review.ask(event, event.epoch)

    def _on_word(self, event: Word) -> None:
        if (item := self.items.get(event.target)) and item.review.takes(event, item.state):
            self._move(item.id, ItemState.READY)

    def _on_item_reused(self, event: ItemReused) -> None:
        item = self.items[event.item]
        item.origin, item.model = event.origin, event.outcome.model
        self.items.complete(item, event.at)

    def _on_items_added(self, event: ItemsAdded) -> None:
        self._add(event.items)
        parent = self._move(event.item, ItemState.WAITING if event.items else ItemState.READY)
        spawned = {one.item for one in event.granted}
        self.items.wait_for(parent, (item.id for item in event.items if item.id not in spawned))
        self.items.wait_for_ends(parent, (item.id for item in event.items if item.id in spawned))

    def _on_item_joined(self, event: ItemJoined) -> None:
        self.items.complete(self.items[event.item], event.at)

    def _on_item_failed(self, event: ItemFailed) -> None:
        item = self._move(event.item, ItemState.FAILED)
        item.attempts, item.error, item.finished_at = event.attempts, event.message, event.at

    def _on_item_quarantined(self, event: ItemQuarantined) -> None:
        item = self._move(event.item, ItemState.QUARANTINED)
        item.error, item.finished_at = event.message, event.at

    def _on_item_skipped(self, event: ItemSkipped) -> None:
        item = self._move(event.item, ItemState.SKIPPED)
        cause = self.items[event.cause].state
        ended = cause if cause in TERMINAL else ItemState.FAILED
        item.error, item.finished_at = f"{event.cause} {ended.value}", event.at

    def _on_item_cancelled(self, event: ItemCancelled) -> None:
        self._move(event.item, ItemState.CANCELLED).finished_at = event.at

    def _on_agent(self, event: FleetEvent) -> None:
        role = getattr(event, "role", None)
        agent = self.agents.get(event.agent) if role is None else self._agent(event.agent, role)
        if agent:  # else it was asked for before this run was accepted, and nothing is known of it here
            agent.hear(event)

    def _on_nothing(self, _event: Event) -> None:
        """Of the fleet, and seen there; or told by another event."""

    def _move(self, id_: str, state: ItemState) -> ItemView:
        return self.items.move(id_, state, self._at)

    def _agent(self, id_: str, role: Role) -> AgentInfo:
        return self.agents.setdefault(id_, AgentInfo(id_, role))

    def _release(self, id_: str, item: str) -> None:
        agent = self.agents.get(id_)
        if agent:
            agent.working_on.discard(item)
            if agent.state is AgentState.ACTIVE and not agent.working_on:
                agent.state = AgentState.IDLE


_HANDLERS: dict[type, Callable[[RunView, Any], None]] = {
    RunAccepted: RunView._on_run_accepted,
    RunStarted: RunView._on_run_started,
    **dict.fromkeys((RunWaiting, RunPaused), RunView._on_run_halted),
    RunResumed: RunView._on_run_resumed,
    RunFinished: RunView._on_run_finished,
    PhaseChanged: RunView._on_phase_changed,
    ContinueRequested: RunView._on_continue,
    ItemAssigned: RunView._on_item_assigned,
    ItemStarted: RunView._on_item_started,
    TurnDone: RunView._on_turn_done,
    ItemClosed: RunView._on_item_closed,
    ItemReused: RunView._on_item_reused,
    ItemsAdded: RunView._on_items_added,
    ItemJoined: RunView._on_item_joined,
    ItemAccepted: RunView._on_item_accepted,
    ApprovalRequested: RunView._on_approval_requested,
    **dict.fromkeys(get_args(Word), RunView._on_word),
    ItemFailed: RunView._on_item_failed,
    ItemQuarantined: RunView._on_item_quarantined,
    ItemSkipped: RunView._on_item_skipped,
    ItemCancelled: RunView._on_item_cancelled,
    ModelHeld: RunView._on_held,
    **dict.fromkeys(get_args(FleetEvent), RunView._on_agent),
    **dict.fromkeys((*get_args(MemoryEvent), CancelRequested, PauseRequested, ToolDone), RunView._on_nothing),
    **dict.fromkeys((*get_args(Noted), AgentHeartbeat, AgentRestartRequested, FleetBudgetSet), RunView._on_nothing),
    **dict.fromkeys((AgentResetRequested, ModelUnavailable, ModelAvailable), RunView._on_nothing),
}

"""What happened, counted: a pure fold of the journal whose state goes into a snapshot."""

from collections.abc import Callable, Mapping
from typing import Any

from pydantic import Field

from actors.events import (
    AgentErrorRecorded,
    AgentFailed,
    AgentHealthDegraded,
    AgentRestarted,
    AgentStarted,
    AgentStarting,
    Event,
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
    ModelHeld,
    ModelUnavailable,
    RunAccepted,
    RunFinished,
    RunPaused,
    RunStarted,
    RunWaiting,
    ToolDone,
    TurnDone,
)
from actors.journal.recorded import Recorded
from actors.work import Failure, Frozen, Lost, Result, role_of
from dashboards.metrics import labels
from dashboards.metrics.charging import Open, at_most, charge, turned, whole
from dashboards.metrics.totals import Totals

VERSION = 1
"""Of what is counted; a snapshot of another one is not used."""


class State(Frozen):
    """What the fold remembers beside its totals."""

    seq: int = 0
    at: float = 0.0
    """Of the last row."""
    models: tuple[str, ...] = ()
    open: Mapping[str, Open] = Field(default_factory=dict)
    lost: tuple[str, ...] = ()
    """Items whose last attempt was lost."""
    accepted: Mapping[str, float] = Field(default_factory=dict)
    """When the runs that are not finished were accepted."""
    held: Mapping[str, float] = Field(default_factory=dict)
    """By model: until when the time of its hold is counted."""


class Fold:
    """Counts every row once, in the order of the journal."""

    def __init__(self, state: State | None = None) -> None:
        state = state or State()
        self.totals = Totals()
        self.seq, self.at = state.seq, state.at
        self.models = labels.Models(state.models)
        self._open, self._accepted, self._held = dict(state.open), dict(state.accepted), dict(state.held)
        self._lost = set(state.lost)

    @property
    def state(self) -> State:
        """For the snapshot."""
        return State(
            seq=self.seq,
            at=self.at,
            models=tuple(self.models.names),
            open=self._open,
            lost=tuple(sorted(self._lost)),
            accepted=self._accepted,
            held=self._held,
        )

    def apply(self, event: Event) -> None:
        """The next row; one that was counted is passed over."""
        if event.seq <= self.seq:
            return
        self.totals.count("journal_events", event.type)
        if event.at != self.at:
            self.totals.count("store_appends")
        self.seq, self.at = event.seq, event.at
        if handler := _HANDLERS.get(type(event)):
            handler(self, event)

    def _on_accepted(self, event: RunAccepted) -> None:
        self._accepted[event.run] = event.at
        self.models.label(event.model)
        self.totals.count("runs_accepted")
        self.totals.count("items_accepted", by=event.items)

    def _on_run_started(self, event: RunStarted) -> None:
        if event.term > 1:
            self.totals.count("run_takeovers")

    def _on_paused(self, event: RunPaused) -> None:
        why = event.reason.partition(":")[0]  # for a budget, whose and what to do about it follow
        self.totals.count("run_pauses", labels.known("pause", labels.PAUSES.get(why, why)))

    def _on_waiting(self, _event: RunWaiting) -> None:
        self.totals.count("run_waits")

    def _on_finished(self, event: RunFinished) -> None:
        self.totals.count("runs_finished", event.status.value)
        self._open = {key: open_ for key, open_ in self._open.items() if _run(key) != event.run}
        self._lost = {key for key in self._lost if _run(key) != event.run}
        began = self._accepted.pop(event.run, None)
        if began is not None:
            self.totals.observe("gen_ai_workflow_duration_seconds", event.status.value, value=event.at - began)

    def _on_added(self, event: ItemsAdded) -> None:
        self.totals.count("items_accepted", by=len(event.items))

    def _on_assigned(self, event: ItemAssigned) -> None:
        self._open[_key(event)] = Open(model=self.models.label(event.model))
        self.totals.count("attempts", role_of(event.agent).value)
        if event.after or _key(event) in self._lost:
            self.totals.count("retries", event.after.value if event.after else "lost")
        self._lost.discard(_key(event))

    def _on_turn(self, event: TurnDone) -> None:
        before = self._open.get(_key(event)) or Open(model=self.models.label(event.model))
        after = turned(before, event)
        charge(self.totals, before, after)
        self._open[_key(event)] = after

    def _on_tool(self, event: ToolDone) -> None:
        self.totals.observe("gen_ai_execute_tool_duration_seconds", labels.tool(event.tool), value=event.seconds)

    def _on_closed(self, event: ItemClosed) -> None:
        outcome = event.outcome
        before = self._open.pop(_key(event), None)
        if before is None:
            asked = event.asked or (None if isinstance(outcome, Lost) else outcome.model)
            before = Open(model=self.models.label(asked or ""))
        self.totals.count("attempts_closed", role_of(event.agent).value, outcome.kind)
        if isinstance(outcome, Lost):
            self._lost.add(_key(event))
            charge(self.totals, before, at_most(before, outcome))
            return
        charge(self.totals, before, whole(before, outcome))
        error = outcome.reason.value if isinstance(outcome, Failure) else ""
        who = (before.model, labels.provider(before.model), error)
        self.totals.observe("gen_ai_invoke_agent_duration_seconds", *who, value=outcome.seconds)
        if isinstance(outcome, Failure):
            self.totals.count("failures", before.model, error)
        elif isinstance(outcome, Result) and not event.pending:
            self.totals.count("items_finished", "complete")

    def _on_reused(self, _event: ItemReused) -> None:
        self.totals.count("items_reused")
        self.totals.count("items_finished", "complete")

    def _on_item_ended(self, event: Recorded) -> None:
        self.totals.count("items_finished", _ENDS[type(event)])

    def _on_held(self, event: ModelHeld) -> None:
        model = self.models.label(event.model)
        since = self._held.pop(model, None)
        if since is not None:
            self.totals.count("model_hold_seconds", model, by=event.at - since)
        elif event.waiting:
            self.totals.count("model_holds", model, labels.known("limit", event.by))
        if event.waiting:
            self._held[model] = event.at
        self.totals.count("rate_limit_refusals", model, by=event.refused)

    def _on_outage(self, event: ModelUnavailable) -> None:
        self.totals.count("model_outages", self.models.label(event.model))

    def _on_fleet(self, _event: AgentStarting) -> None:
        """Whoever held calls before is gone."""
        self._held.clear()

    def _on_agent(self, event: AgentStarted | AgentErrorRecorded | AgentHealthDegraded | AgentFailed) -> None:
        self.totals.count(_AGENTS[type(event)], role_of(event.agent).value)

    def _on_restarted(self, event: AgentRestarted) -> None:
        self.totals.count("agent_restarts", role_of(event.agent).value, event.cause.value)


def _key(event: ItemAssigned | ItemClosed | TurnDone) -> str:
    return f"{event.run}\n{event.item}"


def _run(key: str) -> str:
    return key.partition("\n")[0]


_ENDS: dict[type, str] = {
    ItemAccepted: "complete",
    ItemJoined: "complete",
    ItemFailed: "failed",
    ItemQuarantined: "quarantined",
    ItemSkipped: "skipped",
    ItemCancelled: "cancelled",
}
_AGENTS: dict[type, str] = {
    AgentStarted: "agent_starts",
    AgentErrorRecorded: "agent_faults",
    AgentHealthDegraded: "agent_degradations",
    AgentFailed: "agents_given_up",
}
_HANDLERS: dict[type, Callable[[Fold, Any], None]] = {
    RunAccepted: Fold._on_accepted,
    RunStarted: Fold._on_run_started,
    RunPaused: Fold._on_paused,
    RunWaiting: Fold._on_waiting,
    RunFinished: Fold._on_finished,
    ItemsAdded: Fold._on_added,
    ItemAssigned: Fold._on_assigned,
    TurnDone: Fold._on_turn,
    ToolDone: Fold._on_tool,
    ItemClosed: Fold._on_closed,
    ItemReused: Fold._on_reused,
    **dict.fromkeys(_ENDS, Fold._on_item_ended),
    ModelHeld: Fold._on_held,
    ModelUnavailable: Fold._on_outage,
    AgentStarting: Fold._on_fleet,
    **dict.fromkeys(_AGENTS, Fold._on_agent),
    AgentRestarted: Fold._on_restarted,
}
"""Rows that are not here are only counted by their type."""

"""The agents of a home's newest fleet: a pure fold over what Reader.fleet gives."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace
from typing import Any

from actors.events import (
    AgentErrorRecorded,
    AgentFailed,
    AgentHealthDegraded,
    AgentRestarted,
    AgentStarted,
    AgentStarting,
    AgentUnavailable,
    Event,
    ItemClosed,
    ItemStarted,
    ModelAvailable,
    ModelUnavailable,
)
from actors.work import Result
from dashboards.views.agent_info import MISSING, AgentInfo, AgentState, FleetEvent

WINDOW_S = 60.0
UNHEALTHY = 5
"""Agent faults within the window."""

ENDED = "the fleet has ended"


class FleetView:
    """Every agent as the journal tells. `alive`: whether the fleet's processes are there at all, which it does not."""

    def __init__(self, events: Iterable[Event], now: float, *, alive: bool) -> None:
        self._agents: dict[str, AgentInfo] = {}
        self._working: dict[str, set[tuple[str, str]]] = {}  # (run, item) by agent
        self._faults: dict[str, list[float]] = {}
        self._out: dict[str, str] = {}  # models that cannot be had, and why
        self._answered = False  # by any model, since the newest of them is out
        for event in events:
            self.apply(event)
        self._seen: Mapping[str, AgentInfo] = {}
        self.look(now, alive=alive)

    @property
    def agents(self) -> Mapping[str, AgentInfo]:
        """By id, in the order in which they were asked for, as they were at the last look."""
        return self._seen

    def look(self, now: float, *, alive: bool) -> None:
        """Judge the agents as of now: some of what is seen follows from the time alone."""
        self._seen = {
            id_: self._judged(replace(info, health=replace(info.health)), now, alive=alive)
            for id_, info in self._agents.items()
        }

    def to_json(self) -> list[dict[str, Any]]:
        """The agents for machines."""
        names = ("id", "role", "state", "reason", "generation", "pid", "node", "restarts")
        return [
            {**{name: getattr(agent, name) for name in names}, "health": asdict(agent.health)}
            for agent in self._seen.values()
        ]

    def apply(self, event: Event) -> None:
        """Take in the next event of the journal."""
        match event:
            case AgentStarting() | AgentStarted() | AgentUnavailable():
                self._hear(self._agents.setdefault(event.agent, AgentInfo(event.agent, event.role)), event)
            case AgentRestarted() | AgentFailed() | AgentErrorRecorded() | AgentHealthDegraded():
                if agent := self._agents.get(event.agent):
                    self._hear(agent, event)
            case ItemStarted():
                self._working.setdefault(event.agent, set()).add((event.run, event.item))
            case ItemClosed():
                self._working.setdefault(event.agent, set()).discard((event.run, event.item))
                self._answered = self._answered or isinstance(event.outcome, Result)
            case ModelUnavailable():
                self._out[event.model], self._answered = event.reason, False
            case ModelAvailable(probe=False):
                self._out.pop(event.model, None)

    def _hear(self, agent: AgentInfo, event: FleetEvent) -> None:
        agent.hear(event)
        match event:
            case AgentStarted() | AgentFailed():
                self._working[agent.id] = set()
            case AgentRestarted():
                self._working[agent.id], self._faults[agent.id] = set(), []
            case AgentErrorRecorded() if event.count:  # else its process had ended: nobody counts it
                self._faults.setdefault(agent.id, []).append(event.at)

    def _judged(self, agent: AgentInfo, now: float, *, alive: bool) -> AgentInfo:
        if not alive:
            agent.state = agent.state if agent.state is AgentState.FAILED else AgentState.UNAVAILABLE
            agent.reason = agent.reason or ENDED
        elif agent.state is AgentState.IDLE and self._working.get(agent.id):
            agent.state = AgentState.ACTIVE
        agent.working_on = {item for _, item in self._working.get(agent.id, ()) if alive}
        agent.health.error_count = sum(now - at < WINDOW_S for at in self._faults.get(agent.id, ()))
        agent.health.is_healthy = agent.state not in MISSING and agent.health.error_count < UNHEALTHY
        if agent.state is AgentState.IDLE and self._out and not self._answered:  # no fault of its own
            agent.state, agent.reason = AgentState.UNAVAILABLE, self._no_model()
        return agent

    def _no_model(self) -> str:
        return "; ".join(f"model {model} is unavailable: {why}" for model, why in self._out.items())

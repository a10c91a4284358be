"""The view of a run: its fleet's agents."""

from collections.abc import Iterable

from actors.events import AgentStarted, AgentStarting, AgentUnavailable, Event, ModelHeld
from actors.work import Role
from dashboards.views.agent_info import AgentState
from tests.support.histories import GOOD, assigned, began, closed, items, view_of


def agent_events() -> Iterable[Event]:
    yield AgentStarting(agent="executor-0", role=Role.EXECUTOR)
    yield AgentStarting(agent="executor-1", role=Role.EXECUTOR)
    yield AgentStarted(agent="executor-0", role=Role.EXECUTOR, generation=1, pid=7, node="n")
    yield AgentUnavailable(agent="executor-1", role=Role.EXECUTOR, reason="no memory")


def test_agents_are_visible_from_their_start_to_their_next_generation() -> None:
    view = view_of(items(a=[], b=[]), *agent_events())
    assert [(a.id, a.reason) for a in view.unavailable()] == [("executor-1", "no memory")]
    agent = view.agents["executor-0"]
    assert (agent.state, agent.pid, agent.node) == (AgentState.IDLE, 7, "n")
    view.apply(assigned("a"))
    view.apply(began("a"))
    assert agent.state is AgentState.ACTIVE
    view.apply(AgentStarted(agent="executor-0", role=Role.EXECUTOR, generation=2, pid=8, node="n"))
    assert (agent.state, agent.generation, agent.pid) == (AgentState.IDLE, 2, 8)
    for event in (assigned("b"), began("b"), closed("b", GOOD)):
        view.apply(event)
    assert agent.state.value == "idle", "what the older generation held is not this one's work"
    view.apply(AgentStarting(agent="executor-1", role=Role.EXECUTOR))
    assert view.unavailable() == []


def test_another_fleet_has_the_agents_it_tells_and_no_word_of_the_one_before() -> None:
    held = ModelHeld(model="m", by="retry_after", waiting=12, in_flight=1, held_s=35.0)
    view = view_of(items(a=[]), *agent_events(), held)
    assert (list(view.agents), list(view.held)) == (["executor-0", "executor-1"], ["m"])
    for name in ("executor-0", "reviewer-0"):
        view.apply(AgentStarting(agent=name, role=Role.EXECUTOR))
    assert (list(view.agents), list(view.held)) == (["executor-0", "reviewer-0"], [])

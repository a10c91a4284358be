"""Agents whose node is lost: what they had goes to their siblings at once, and nobody is suspected or charged."""

from actors.events import AgentRestarted, AgentStarted, ItemClosed, RunResumed, RunWaiting
from actors.work import RestartCause, Role
from cluster.run.commands import AgentAttached, Append
from cluster.run.state import RunState
from tests.support.runs import apply, executors, graph, started, suspected


def node_lost(agent: str, generation: int = 1) -> AgentRestarted:
    cause = RestartCause.NODE_LOST
    return AgentRestarted(agent=agent, generation=generation, cause=cause, reason="its node n was lost")


def test_what_an_agent_of_a_lost_node_had_goes_to_its_sibling_at_once() -> None:
    state = RunState("r", graph(one=[], two=[]), "scripted")
    commands = [
        *state.start(1, executors("a", "b")),
        *state.handle(AgentAttached("a", 1, 10), AgentAttached("b", 1, 10)),
    ]
    apply(state, commands)
    lost = [id_ for id_, item in state.views.items() if item.agent == "a"]
    closings = state.handle(node_lost("a"))
    assert not suspected(closings)
    tasks, _ = apply(state, closings)
    assert [(task.item.id, task.attempt) for task in tasks] == [(id_, 1) for id_ in lost]
    assert {item.agent for item in state.views.values()} == {"b"}
    assert apply(state, state.handle(AgentAttached("a", 2, 10))) == ([], [])


def test_other_restarts_leave_the_items_to_the_next_process() -> None:
    state, commands = started(graph(one=[]))
    apply(state, commands)
    assert state.handle(node_lost("a").model_copy(update={"cause": RestartCause.HANG})) == []


def test_a_lost_node_that_is_read_after_the_next_process_was_attached_takes_nothing_from_it() -> None:
    state, commands = started(graph(one=[]))
    apply(state, commands)
    apply(state, state.handle(AgentAttached("a", 2, 1, frozenset({("one", 1)}))))
    assert state.handle(node_lost("a")) == []


def test_an_assignment_that_was_on_its_way_to_a_lost_node_is_lost() -> None:
    state, commands = started(graph(one=[]))
    (assignment,) = [c for c in commands if isinstance(c, Append)]
    state.handle(node_lost("a"))
    (lost,) = state.handle(assignment.event)
    assert isinstance(lost, Append)
    assert isinstance(lost.event, ItemClosed)
    assert not suspected([lost])


def test_without_a_sibling_the_run_waits_until_the_agent_is_up_elsewhere() -> None:
    state, commands = started(graph(one=[]))
    apply(state, commands)
    _, facts = apply(state, state.handle(node_lost("a")))
    (wait,) = [fact for fact in facts if isinstance(fact, RunWaiting)]
    assert wait.reason == "no agent of role executor is left: a: its node n was lost"
    up = AgentStarted(agent="a", role=Role.EXECUTOR, generation=2, pid=1, node="m")
    tasks, facts = apply(state, state.handle(up, AgentAttached("a", 2, 1)))
    assert ([type(fact) for fact in facts][:1], len(tasks)) == ([RunResumed], 1)


def test_a_new_driver_closes_what_a_lost_node_had() -> None:
    work = graph(one=[])
    state, commands = started(work)
    _, facts = apply(state, commands)
    after = RunState("r", work, "scripted")
    after.replay([*facts, node_lost("a")])
    (lost,) = after.start(2, executors("a"))
    assert isinstance(lost, Append)
    assert isinstance(lost.event, ItemClosed)
    again = RunState("r", work, "scripted")
    again.replay([*facts, node_lost("a"), AgentStarted(agent="a", role=Role.EXECUTOR, generation=2, pid=1, node="m")])
    assert again.start(2, executors("a")) == [], "its next process may hold it"

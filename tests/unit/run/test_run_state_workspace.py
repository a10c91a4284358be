"""Items with files go to the node that has the run's workspace, as long as an agent may be there."""

import pytest

from actors.events import AgentFailed, AgentRestarted, AgentStarted, Event, ItemAssigned
from actors.work import Item, RestartCause, Role, Task
from cluster.run.commands import AgentAttached
from cluster.run.graph import WorkGraph
from cluster.run.state import RunState
from tests.support.runs import GOOD, apply, closed, executors

NODES = {"a": "m", "b": "n", "c": "n"}
"""Each agent's node."""
FILES, PLAIN = 6, 3


def up(agent: str, node: str, generation: int = 1) -> AgentStarted:
    return AgentStarted(agent=agent, role=Role.EXECUTOR, generation=generation, pid=1, node=node)


def restarted(agent: str, cause: RestartCause) -> AgentRestarted:
    return AgentRestarted(agent=agent, generation=1, cause=cause, reason="it happened")


def work() -> WorkGraph:
    """Items with files after `first`, which has files too, and items without."""
    items = [Item(id="first", description="d", tools=("files:write",))]
    after = {"dependencies": ("first",), "description": "d"}
    items += [Item(id=f"f{n}", tools=("command",), **after) for n in range(FILES)]  # type: ignore[arg-type]
    items += [Item(id=f"p{n}", **after) for n in range(PLAIN)]  # type: ignore[arg-type]
    return WorkGraph(tuple(items))


def attached(*agents: str, slots: int = 2, generation: int = 1) -> list[AgentAttached]:
    return [AgentAttached(agent, generation, slots) for agent in agents]


def begun(state: RunState) -> tuple[list[Task], list[Event]]:
    commands = [*state.start(1, executors(*NODES)), *state.handle(*(up(*at) for at in NODES.items()))]
    return apply(state, [*commands, *state.handle(*attached(*NODES))])


def places(facts: list[Event]) -> dict[str, str]:
    """Agents by item."""
    return {fact.item: fact.agent for fact in facts if isinstance(fact, ItemAssigned)}


def after_first(state: RunState, *between: Event) -> tuple[str, str, dict[str, str]]:
    """The agent that had the first, a sibling's or its own node, and where what followed went."""
    (task,), facts = begun(state)
    agent = places(facts)["first"]
    apply(state, state.handle(*between))
    _, facts = apply(state, state.handle(closed(task, GOOD).model_copy(update={"agent": agent})))
    return agent, NODES[agent], places(facts)


def test_what_has_files_stays_on_its_node_and_the_rest_goes_anywhere() -> None:
    _, node, went = after_first(RunState("r", work(), "scripted"))
    files = {item: agent for item, agent in went.items() if item.startswith("f")}
    assert files
    assert {NODES[agent] for agent in files.values()} == {node}
    assert {NODES[agent] for item, agent in went.items() if item.startswith("p")} - {node}, "others are not idle"


def test_the_first_ones_all_go_to_one_node() -> None:
    free = WorkGraph(tuple(Item(id=f"f{n}", description="d", tools=("files:read",)) for n in range(FILES)))
    _, facts = begun(RunState("r", free, "scripted"))
    assert len({NODES[agent] for agent in places(facts).values()}) == 1


def test_a_review_that_runs_a_command_goes_there_too() -> None:
    review = Item.model_validate(
        {"id": "x", "description": "d", "review": {"gates": ["tests_passing"], "tests": ["true"]}}
    )
    state = RunState("r", WorkGraph((*work().items, review)), "scripted")
    _, facts = begun(state)
    assert len({NODES[agent] for agent in places(facts).values()}) == 1


def test_it_waits_for_an_agent_that_may_come_back_there() -> None:
    state = RunState("r", work(), "scripted")
    (task,), facts = begun(state)
    agent = places(facts)["first"]
    there = [one for one, node in NODES.items() if node == NODES[agent]]
    _, facts = apply(state, state.handle(closed(task, GOOD).model_copy(update={"agent": agent})))
    held = {item for item, one in places(facts).items() if item.startswith("f")}
    crashes = [restarted(one, RestartCause.CRASH) for one in there]
    _, facts = apply(state, state.handle(*crashes))
    assert not places(facts), "not elsewhere"
    assert held


@pytest.mark.parametrize("how", ["lost", "failed"])
def test_without_an_agent_there_it_goes_elsewhere(how: str) -> None:
    state = RunState("r", work(), "scripted")
    (task,), facts = begun(state)
    agent = places(facts)["first"]
    there = [one for one, node in NODES.items() if node == NODES[agent]]
    gone: list[Event] = [
        restarted(one, RestartCause.NODE_LOST) if how == "lost" else AgentFailed(agent=one, reason="too often")
        for one in there
    ]
    apply(state, state.handle(closed(task, GOOD).model_copy(update={"agent": agent})))
    _, facts = apply(state, state.handle(*gone))
    again = {item: one for item, one in places(facts).items() if item.startswith("f")}
    assert again
    assert not {NODES[one] for one in again.values()} & {NODES[agent]}


def test_the_next_driver_goes_on_where_the_workspace_is() -> None:
    graph = work()
    state = RunState("r", graph, "scripted")
    (task,), facts = begun(state)
    agent = places(facts)["first"]
    done = closed(task, GOOD).model_copy(update={"agent": agent})
    after = RunState("r", graph, "scripted")
    after.replay([*(up(*at) for at in NODES.items()), *facts, done])
    commands = after.start(2, executors(*NODES))
    _, facts = apply(after, [*commands, *after.handle(*attached(*NODES))])
    assert {NODES[one] for item, one in places(facts).items() if item.startswith("f")} == {NODES[agent]}

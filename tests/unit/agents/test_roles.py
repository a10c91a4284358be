"""The four roles: made by one factory, chosen by the item, each with its own pool."""

from pathlib import Path

import pytest

from actors.errors import UnknownRole
from actors.events import AgentFailed, AgentUnavailable, Event, ItemAssigned, ItemClosed, RunFinished, RunWaiting
from actors.roles.factory import create_agent
from actors.roles.prompt import PROMPTS
from actors.settings import Settings
from actors.work import Item, Role, RunStatus
from cluster.driving.driver import Driver
from cluster.run.commands import AgentAttached
from cluster.run.graph import WorkGraph
from cluster.run.state import RunState
from tests.support.fakes import FakeModel, LocalAgent, accepted, calls_of, open_store
from tests.support.runs import GOOD, apply

AGENTS = {f"{role}-0": role for role in Role}
ONE_EACH = tuple(Item(id=role.value, description="x", agent=role) for role in Role)


def begun(*items: Item, agents: dict[str, Role] | None = None) -> tuple[RunState, list[Event]]:
    """A run on these agents, all of which are attached; and its first facts."""
    state, known = RunState("r", WorkGraph(items), "scripted"), AGENTS if agents is None else agents
    commands = [*state.start(1, known), *state.handle(*(AgentAttached(agent, 1, 4) for agent in known))]
    return state, apply(state, commands)[1]


def reasons(facts: list[Event]) -> list[str]:
    return [fact.reason for fact in facts if isinstance(fact, RunWaiting)]


@pytest.mark.parametrize("role", Role)
async def test_the_factory_makes_every_role(role: Role, tmp_path: Path) -> None:
    store = open_store(tmp_path)
    agent = create_agent(role.value, "a", 1, store, calls_of(FakeModel()), Settings(home=tmp_path))
    assert (agent.role, agent.id, agent.concurrency) == (role, "a", 16)
    await agent.stop()
    await store.close()


async def test_an_unknown_role_is_an_error_that_lists_the_four(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    with pytest.raises(UnknownRole, match="'boss'; roles are orchestrator, optimizer, executor, reviewer"):
        create_agent("boss", "a", 1, store, calls_of(FakeModel()), Settings(home=tmp_path))
    await store.close()


def test_an_item_goes_to_an_agent_of_its_role() -> None:
    _, facts = begun(*ONE_EACH)
    assert {fact.item: fact.agent for fact in facts if isinstance(fact, ItemAssigned)} == {
        role.value: f"{role}-0" for role in Role
    }


def test_a_full_pool_holds_up_no_other() -> None:
    reviews = tuple(Item(id=f"r{n}", description="x", agent=Role.REVIEWER, priority=9) for n in range(6))
    _, facts = begun(*reviews, Item(id="e", description="x"))
    given = [fact.agent for fact in facts if isinstance(fact, ItemAssigned)]
    assert sorted(given) == ["executor-0", *["reviewer-0"] * 4]


def test_a_role_without_an_agent_makes_the_run_wait_once_nothing_else_is_left_to_do() -> None:
    items = (Item(id="e", description="x"), Item(id="r", description="x", agent=Role.REVIEWER))
    state = RunState("r", WorkGraph(items), "scripted")
    agents = {"executor-0": Role.EXECUTOR}
    (task,), facts = apply(state, [*state.start(1, agents), *state.handle(AgentAttached("executor-0", 1, 4))])
    assert reasons(facts) == []
    _, facts = apply(state, state.handle(closed_by(state, task.item.id, "executor-0")))
    (told,) = reasons(facts)
    assert told == "the fleet has no agent of role reviewer; `mnemosyne down`, then `mnemosyne up --pool reviewer=1`"


def test_the_last_agent_of_a_role_is_named_with_why_it_is_gone_and_the_run_goes_on_with_the_next() -> None:
    review = Item(id="r", description="x", agent=Role.REVIEWER)
    state, _ = begun(review, Item(id="e", description="x"))
    _, facts = apply(state, state.handle(AgentFailed(agent="reviewer-0", reason="4 restarts in 60 s")))
    assert reasons(facts) == [], "an executor is at work"
    done = closed_by(state, "e", "executor-0")
    (told,) = reasons(apply(state, state.handle(done))[1])
    assert told.startswith("no agent of role reviewer is left: reviewer-0: 4 restarts in 60 s")
    assert state.status is RunStatus.WAITING
    tasks, _ = apply(state, state.handle(AgentAttached("reviewer-0", 2, 4)))
    assert [task.item.id for task in tasks] == ["r"]


def test_an_agent_of_another_role_that_cannot_be_started_is_nobodys_concern() -> None:
    state, _ = begun(Item(id="e", description="x"))
    _, facts = apply(state, state.handle(AgentUnavailable(agent="reviewer-0", role=Role.REVIEWER, reason="no memory")))
    assert reasons(facts) == []
    _, facts = apply(state, state.handle(closed_by(state, "e", "executor-0")))
    assert [type(fact) for fact in facts] == [RunFinished]


def closed_by(state: RunState, item: str, agent: str) -> Event:
    epoch = state.views[item].epoch
    return ItemClosed(run="r", item=item, epoch=epoch, attempt=1, agent=agent, generation=1, outcome=GOOD)


async def test_each_role_works_with_its_own_prompt(tmp_path: Path) -> None:
    store, models = open_store(tmp_path), {role: FakeModel() for role in Role}
    agents = {f"{role}-0": LocalAgent(f"{role}-0", store, models[role], role=role) for role in Role}
    record = await accepted(store, *ONE_EACH)
    assert await Driver(record, store, agents, "d").drive() is RunStatus.COMPLETED
    assert {role: [r.system for r in model.requests] for role, model in models.items()} == {
        role: [PROMPTS[role].text] for role in Role
    }
    for agent in agents.values():
        await agent.stop()
    await store.close()

"""`agents`: the newest fleet of a home, as its journal tells."""

import asyncio
import json
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from actors.errors import UserError
from actors.events import (
    AgentErrorRecorded,
    AgentFailed,
    AgentRestarted,
    AgentStarting,
    AgentUnavailable,
    Event,
    ItemAssigned,
    ItemClosed,
    ItemStarted,
    ModelAvailable,
    ModelUnavailable,
)
from actors.stores.group import GroupStore
from actors.work import Content, Failure, FailureKind, Item, Outcome, RestartCause, Result, Role
from cluster.cli import agents
from cluster.cli.main import app
from dashboards.views.agent_info import AgentState
from dashboards.views.fleet_view import FleetView
from tests.support.fakes import accepted
from tests.support.screens import HARMLESS, HOSTILE

FAULT = Failure(reason=FailureKind.AGENT_FAULT, message="KeyError: 'x'")
DONE = Result(data=Content(text="done"), model="scripted")
ITEMS = [Item(id=f"i{n}", description="x") for n in range(9)]


class Home:
    """A store that is written as a fleet writes it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.count, self.epochs = folder, 0, dict[str, int]()
        self.store = GroupStore(folder / "store.db")

    async def fleet(self, *names: str) -> None:
        await self.say(*(AgentStarting(agent=name, role=Role.EXECUTOR) for name in names))

    async def up(self, name: str) -> None:
        await self.store.register(name, Role.EXECUTOR, 4000 + self.count, "node")

    async def say(self, *events: Event) -> None:
        self.count += 1
        receipt = await self.store.append(str(self.count), events)
        assert None not in receipt.seqs

    async def fault(self, name: str, count: int) -> None:
        await self.say(AgentErrorRecorded(agent=name, generation=1, message="KeyError: 'x'", count=count))

    async def restart(self, name: str) -> None:
        await self.say(AgentRestarted(agent=name, generation=1, cause=RestartCause.CRASH, reason="it was killed"))

    async def begin(self, item: str, agent: str) -> None:
        epoch = self.epochs[item] = self.epochs.get(item, 0) + 1
        more: Any = {"run": "r", "item": item, "epoch": epoch, "agent": agent}
        await self.say(ItemAssigned(**more, attempt=epoch, model="scripted", term=1))
        await self.say(ItemStarted(**more, generation=1))

    async def end(self, item: str, agent: str, outcome: Outcome) -> None:
        more: Any = {"run": "r", "item": item, "epoch": self.epochs[item], "agent": agent}
        await self.say(ItemClosed(**more, attempt=1, generation=1, outcome=outcome))


async def fleet_at_work(folder: Path) -> Home:
    """A first fleet of three; then one of two: executor-0 works, executor-1 was restarted and cannot come up."""
    home = Home(folder)
    await home.fleet("executor-0", "executor-1", "executor-2")
    for name in ("executor-0", "executor-1", "executor-2"):
        await home.up(name)
    await accepted(home.store, *ITEMS)
    await home.store.claim("r", "d")
    await home.begin("i8", "executor-0")  # lost with the first fleet
    await home.fleet("executor-0", "executor-1")
    await home.up("executor-0")
    await home.up("executor-1")
    await home.begin("i0", "executor-0")
    await home.begin("i1", "executor-0")
    await home.begin("i2", "executor-1")
    await home.end("i1", "executor-0", FAULT)
    await home.fault("executor-0", 1)
    await home.restart("executor-1")
    await home.up("executor-1")
    await home.say(AgentUnavailable(agent="executor-1", role=Role.EXECUTOR, reason="no memory"))
    return home


async def seen(folder: Path) -> FleetView:
    """While the store is written."""
    home = await fleet_at_work(folder)
    try:
        return await asyncio.to_thread(agents.read, folder, 0.0)
    finally:
        await home.store.close()


async def test_the_newest_fleet_has_the_promised_shape(tmp_path: Path) -> None:
    first, second = (await seen(tmp_path)).to_json()
    assert {"id", "role", "state", "generation", "pid", "node", "restarts", "health"} <= first.keys()
    assert (first["id"], first["role"], first["state"], first["generation"]) == ("executor-0", "executor", "active", 2)
    assert (first["restarts"], first["node"], first["reason"]) == (0, "node", None)
    assert first["health"] == {
        "error_count": 1,
        "last_error": "KeyError: 'x'",
        "is_healthy": True,
        "last_restart": None,
    }
    assert (second["state"], second["reason"], second["restarts"]) == ("unavailable", "no memory", 1)
    assert second["health"]["last_restart"] > 0
    assert not second["health"]["is_healthy"]


async def test_items_of_an_agents_former_process_are_not_its_own(tmp_path: Path) -> None:
    first, second = (await seen(tmp_path)).agents.values()
    assert (first.working_on, second.working_on) == ({"i0"}, set())


async def test_five_faults_within_a_minute_are_unhealthy_until_a_restart(tmp_path: Path) -> None:
    home = Home(tmp_path)
    await home.fleet("executor-0")
    await home.up("executor-0")
    await accepted(home.store, *ITEMS)
    await home.store.claim("r", "d")
    for n in range(5):
        await home.fault("executor-0", n + 1)
    now = (await asyncio.to_thread(agents.read, tmp_path, 0.0)).agents["executor-0"].health
    assert (now.error_count, now.is_healthy) == (5, False)
    later = (await asyncio.to_thread(agents.read, tmp_path, 1e12)).agents["executor-0"].health
    assert (later.error_count, later.is_healthy, later.last_error) == (0, True, "KeyError: 'x'")
    await home.restart("executor-0")
    (agent,) = (await asyncio.to_thread(agents.read, tmp_path, 0.0)).agents.values()
    assert (agent.state, agent.reason) == (AgentState.RESTARTING, "it was killed")
    assert (agent.health.error_count, agent.health.is_healthy, agent.restarts) == (0, True, 1)
    await home.up("executor-0")
    (agent,) = (await asyncio.to_thread(agents.read, tmp_path, 0.0)).agents.values()
    assert (agent.state, agent.generation, agent.restarts) == (AgentState.IDLE, 2, 1)
    await home.say(AgentFailed(agent="executor-0", reason="4 restarts in 60 s"))
    (agent,) = (await asyncio.to_thread(agents.read, tmp_path, 0.0)).agents.values()
    assert (agent.state, agent.reason, agent.health.is_healthy) == (AgentState.FAILED, "4 restarts in 60 s", False)
    await home.store.close()


async def test_what_a_process_says_after_its_end_is_not_held_against_the_next(tmp_path: Path) -> None:
    home = Home(tmp_path)
    await home.fleet("executor-0")
    await home.up("executor-0")
    await home.restart("executor-0")
    for _ in range(5):
        await home.fault("executor-0", 0)  # recorded, and counted by nobody
    (agent,) = (await asyncio.to_thread(agents.read, tmp_path, 0.0)).agents.values()
    assert (agent.health.error_count, agent.health.is_healthy, agent.health.last_error) == (0, True, "KeyError: 'x'")
    await home.store.close()


async def test_a_restart_of_an_agent_that_was_given_up_is_refused_with_the_cure(tmp_path: Path) -> None:
    home = Home(tmp_path)
    await home.fleet("executor-0")
    await home.up("executor-0")
    await home.say(AgentFailed(agent="executor-0", reason="4 restarts in 60 s"))
    asked = ["agents", "restart", "executor-0", "--home", str(tmp_path)]
    refused = await asyncio.to_thread(CliRunner().invoke, app, asked)
    assert isinstance(refused.exception, UserError)
    assert "`mnemosyne agents reset executor-0`" in str(refused.exception)
    await home.up("executor-0")
    await home.store.close()
    assert CliRunner().invoke(app, asked).exit_code == 0


async def test_with_no_process_alive_the_fleet_has_ended(tmp_path: Path) -> None:
    home = await fleet_at_work(tmp_path)
    await home.store.close()
    told = (await asyncio.to_thread(agents.read, tmp_path, 0.0)).to_json()
    assert [(agent["state"], agent["reason"]) for agent in told] == [
        ("unavailable", "the fleet has ended"),
        ("unavailable", "no memory"),
    ]


async def test_while_no_model_answers_agents_are_unavailable_and_yet_healthy(tmp_path: Path) -> None:
    home = Home(tmp_path)
    await home.fleet("executor-0", "executor-1")
    await home.up("executor-0")
    await home.up("executor-1")
    await accepted(home.store, *ITEMS)
    await home.store.claim("r", "d")

    async def now() -> list[tuple[AgentState, str | None, bool]]:
        known = (await asyncio.to_thread(agents.read, tmp_path, 0.0)).agents.values()
        return [(agent.state, agent.reason, agent.health.is_healthy) for agent in known]

    idle = (AgentState.IDLE, None, True)
    gone = (AgentState.UNAVAILABLE, "model m is unavailable: no such host", True)
    await home.say(ModelUnavailable(model="m", reason="no such host"))
    assert await now() == [gone, gone]
    await home.say(ModelAvailable(model="m", probe=True))
    await home.begin("i0", "executor-0")
    assert await now() == [(AgentState.ACTIVE, None, True), gone], "one item is let through"
    await home.end("i0", "executor-0", FAULT)
    assert await now() == [gone, gone]
    await home.begin("i1", "executor-0")
    await home.end("i1", "executor-0", DONE)
    assert await now() == [idle, idle], "of another model; they can work"
    await home.say(ModelUnavailable(model="m", reason="no such host"))
    assert await now() == [gone, gone]
    await home.say(ModelAvailable(model="m", probe=False))
    assert await now() == [idle, idle]
    await home.store.close()


def test_the_command_prints_json_and_a_table(tmp_path: Path) -> None:
    asyncio.run(seen(tmp_path))
    done = CliRunner().invoke(app, ["agents", "--home", str(tmp_path), "--json"])
    assert [agent["id"] for agent in json.loads(done.stdout)] == ["executor-0", "executor-1"]
    done = CliRunner().invoke(app, ["agents", "--home", str(tmp_path)])
    head, *rows = done.stdout.splitlines()
    assert head.split() == list(agents.HEAD)
    assert [row.split()[:3] for row in rows] == [[f"executor-{n}", "executor", "unavailable"] for n in range(2)]


def test_a_home_that_had_no_fleet_says_so() -> None:
    assert agents.lines(list(FleetView([], 0.0, alive=True).agents.values())) == [
        "no agents yet; `mnemosyne run PLAN` starts some"
    ]


def test_hostile_reasons_do_nothing_on_a_terminal() -> None:
    view = FleetView([AgentUnavailable(agent=HOSTILE, role=Role.EXECUTOR, reason=HOSTILE)], 0.0, alive=True)
    assert all(map(HARMLESS.fullmatch, agents.lines(list(view.agents.values()))))

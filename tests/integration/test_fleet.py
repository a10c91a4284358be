"""The spine on real Ray: real actors, real processes that die, one store on disk."""

import asyncio
import os
import signal
from pathlib import Path

import pytest

from actors.errors import AgentGone
from actors.events import AgentStarted, AgentStarting, ItemAssigned, ItemClosed, ItemStarted
from actors.processes.plan import FleetPlan
from actors.remote import waits_for_room
from actors.settings import Settings
from actors.stores.protocol import Accept, RunRecord
from actors.stores.reader import Reader
from actors.supervision.remote_ward import RemoteWard
from actors.work import Item, Lost, Result, RunStatus
from cluster.driving.driver import Driver
from cluster.fleets.fleet import Fleet
from cluster.home import config
from cluster.results.files import ResultFiles

pytestmark = pytest.mark.asyncio(loop_scope="session")
NAMES = {"executor-0", "executor-1"}


async def accept(fleet: Fleet, run: str, *items: Item) -> RunRecord:
    return await fleet.store.accept(Accept(run, None, run, "digest", "scripted", items, {}))


async def drive(fleet: Fleet, record: RunRecord) -> RunStatus:
    async with asyncio.timeout(60):
        return await Driver(record, fleet.store, fleet.agents, "test").drive()


async def generations(fleet: Fleet, run: str) -> dict[str, AgentStarted]:
    return {e.agent: e for e in await fleet.store.read(run, 0, 0) if isinstance(e, AgentStarted)}


async def test_the_agents_are_up_with_processes_of_their_own(fleet: Fleet) -> None:
    await accept(fleet, "up", Item(id="a", description="x"))
    events = await fleet.store.read("up", 0, 0)
    assert [e.agent for e in events if isinstance(e, AgentStarting)] == sorted(NAMES)
    started = await generations(fleet, "up")
    assert set(started) == NAMES
    assert len({e.pid for e in started.values()} | {os.getpid()}) == 3


async def test_a_run_of_layers_is_complete_and_its_results_are_files(fleet: Fleet, tmp_path: Path) -> None:
    items = (
        Item(id="a", description="one"),
        Item(id="b", description="two"),
        Item(id="c", description="three", dependencies=("a", "b")),
        Item(id="d", description="four", dependencies=("c",), output={"type": "object", "required": ["n"],
             "properties": {"n": {"type": "integer"}}}),
    )  # fmt: skip
    record = await accept(fleet, "layers", *items)
    assert await drive(fleet, record) is RunStatus.COMPLETED
    events = await fleet.store.read("layers", 0, 0)
    closed = {e.item: e for e in events if isinstance(e, ItemClosed)}
    assert set(closed) == {"a", "b", "c", "d"}
    assert all(isinstance(e.outcome, Result) and e.outcome.model == "scripted" for e in closed.values())
    seq = {e.item: e.seq for e in events if isinstance(e, ItemAssigned)}
    assert seq["c"] > max(closed["a"].seq, closed["b"].seq)
    reader = Reader(config.store_path(fleet.home))
    ResultFiles(reader, "layers", tmp_path).catch_up()
    assert sorted(p.name for p in (tmp_path / "runs" / "layers").iterdir()) == ["a.md", "b.md", "c.md", "d.json"]
    reader.close()


@pytest.mark.parametrize("sig", [signal.SIGKILL, signal.SIGTERM])
async def test_a_killed_agent_costs_what_it_held_and_nothing_else(fleet: Fleet, sig: signal.Signals) -> None:
    run = f"killed-{sig.name.lower()}"
    record = await accept(fleet, run, *(Item(id=f"i{n}", description="slow") for n in range(12)))
    before = await generations(fleet, run)
    driving = asyncio.create_task(drive(fleet, record))
    started: set[str] = set()
    while not started:  # until the first items are being worked on
        events = await fleet.store.read(run, record.accepted_seq, 10)
        started = {e.item for e in events if isinstance(e, ItemStarted) and e.agent == "executor-0"}
    os.kill(before["executor-0"].pid, sig)
    assert await driving is RunStatus.COMPLETED
    events = await fleet.store.read(run, 0, 0)
    lost = [e for e in events if isinstance(e, ItemClosed) and isinstance(e.outcome, Lost)]
    results = [e.item for e in events if isinstance(e, ItemClosed) and isinstance(e.outcome, Result)]
    assert sorted(results) == sorted(f"i{n}" for n in range(12)), "every item has exactly one result"
    assert {e.agent for e in lost} <= {"executor-0"}
    async with asyncio.timeout(30):  # after SIGTERM the process first answers the calls that it has
        cursor = 0
        while (await generations(fleet, run))["executor-0"].generation == before["executor-0"].generation:
            seen = await fleet.store.read(run, cursor, 10)
            cursor = seen[-1].seq if seen else cursor
    assert (await generations(fleet, run))["executor-0"].generation == before["executor-0"].generation + 1


async def test_a_killed_store_loses_nothing_and_the_run_goes_on(fleet: Fleet) -> None:
    record = await accept(fleet, "store", *(Item(id=f"i{n}", description="slow") for n in range(12)))
    driving = asyncio.create_task(drive(fleet, record))
    while not any(isinstance(e, ItemStarted) for e in await fleet.store.read("store", record.accepted_seq, 10)):
        pass
    os.kill(await fleet.pid("store"), signal.SIGKILL)
    assert await driving is RunStatus.COMPLETED
    closed = [e.item for e in await fleet.store.read("store", 0, 0) if isinstance(e, ItemClosed)]
    assert sorted(closed) == sorted(f"i{n}" for n in range(12)), "no outcome was lost and none came twice"


async def test_an_actor_that_no_node_has_room_for_waits_and_does_not_hang(fleet: Fleet) -> None:
    plan = FleetPlan(fleet.namespace, Settings(home=fleet.home).model_dump_json(), (), detached=False, agent_cpus=999)
    handle = plan.start_agent("executor-9")
    assert await waits_for_room("executor-9", fleet.namespace)
    assert not await waits_for_room("executor-0", fleet.namespace)
    assert not await waits_for_room("nobody-0", fleet.namespace)
    with pytest.raises(AgentGone, match="no node has room"):
        await RemoteWard("executor-9", fleet.namespace).hello()
    assert (await RemoteWard("executor-0", fleet.namespace).hello()).generation
    del handle  # it ends with that

"""The health monitor on real Ray: what hangs, crashes or will not stop is found, ended, replaced; the run completes."""

import json
import signal
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from actors.events import Event, ItemClosed, ItemQuarantined
from actors.journal.fleet import AgentErrorRecorded, AgentFailed, AgentRestarted, AgentStarted
from actors.work import Lost, RestartCause
from cluster.fleets.fleet_file import FleetFile
from tests.support.fleets import fleet_up, processes, strike, wait_for
from tests.support.processes import PATIENCE_S, Commands, begun, ended, paid

pytestmark = pytest.mark.timeout(300)  # a busy machine takes its time to start Ray


AGENTS = 4
"""So many that none of them is restarted too often for what all these tests do to them."""


MEMORY_MB = 400


class Lean(Commands):
    """Agents may hold a little more than they need."""

    @property
    def environment(self) -> dict[str, str]:
        return {**super().environment, "MNEMOSYNE_AGENT_MEMORY_MB": str(MEMORY_MB)}


@pytest.fixture(scope="module")
def commands(tmp_path_factory: pytest.TempPathFactory) -> Commands:
    made = Lean(tmp_path_factory.mktemp("supervision"))
    made.script(
        rules=[
            {"match": "/slow", "delay_s": 1.0},
            {"match": "/loop/1", "seize": "loop"},
            {"match": "/gil/1", "seize": "gil"},
            {"match": "/stubborn/1", "seize": "cancel"},
            {"match": "/poison/", "exit": True},
            {"match": "/glutton/", "seize": "memory"},
            {"match": "/fault/1", "failure": "agent_fault", "message": "a mistake"},
        ]
    )
    return made


@pytest.fixture(scope="module")
def fleet(commands: Commands) -> Iterator[FleetFile]:
    with fleet_up(commands, "--executors", str(AGENTS), "--concurrency", "4") as up:
        yield up


def known(commands: Commands) -> dict[str, Any]:
    """The agents by id, as people see them."""
    return {agent["id"]: agent for agent in json.loads(commands.run("agents", "--json")[1])}


@pytest.fixture(autouse=True)
def whole(commands: Commands, fleet: FleetFile) -> None:
    """Every agent takes work: one that the tests before restarted too often begins anew."""
    deadline = time.monotonic() + PATIENCE_S
    while states := {id_: agent["state"] for id_, agent in known(commands).items() if agent["state"] != "idle"}:
        assert time.monotonic() < deadline, states
        for id_ in [id_ for id_, state in states.items() if state == "failed"]:
            assert commands.run("agents", "reset", id_)[0] == 0
        time.sleep(0.5)
    wait_for(fleet, "agent", lambda found: len(found) == AGENTS)


def plan(commands: Commands, *ids: str, **more: Any) -> str:
    told = {"name": "plan", "model": "scripted", "items": [{"id": id_, "description": id_, **more} for id_ in ids]}
    (commands.folder / "plan.json").write_text(json.dumps(told))
    return "plan.json"


def happened(commands: Commands, run: str, kind: type[Event]) -> list[Any]:
    return [event for event in commands.events(run) if isinstance(event, kind)]


def since(commands: Commands, run: str) -> list[Event]:
    """What happened after the run began, the fleet's events too."""
    events = commands.events(run)
    start = next(event.seq for event in events if event.run)
    return [event for event in events if event.seq > start]


def test_a_killed_agent_is_recorded_restarted_and_started_in_this_order(commands: Commands, fleet: FleetFile) -> None:
    process = commands.start("run", plan(commands, *(f"slow{n}" for n in range(24))), "--key", "killed")
    commands.wait("killed", begun("slow0"), process)
    strike(processes(fleet, "agent")[0])
    assert ended(process) == 0
    commands.wait("killed", lambda e: isinstance(e, AgentStarted) and e.generation == 2)
    kinds = (AgentErrorRecorded, AgentRestarted, AgentStarted)
    events: list[Any] = [event for event in since(commands, "killed") if isinstance(event, kinds)]
    assert [type(e) for e in events] == [AgentErrorRecorded, AgentRestarted, AgentStarted]
    assert (events[0].count, events[1].cause, events[2].generation) == (1, RestartCause.CRASH, 2)
    assert sorted(paid(commands.events("killed"))) == sorted(f"slow{n}" for n in range(24))


def test_an_ordered_restart_suspects_and_charges_nobody(commands: Commands, fleet: FleetFile) -> None:
    process = commands.start("run", plan(commands, *(f"slow{n}" for n in range(80))), "--key", "ordered")
    commands.wait("ordered", begun("slow0"), process)
    assert commands.run("agents", "restart", "executor-1")[0] == 0
    assert ended(process) == 0
    closed = [e.outcome for e in happened(commands, "ordered", ItemClosed) if isinstance(e.outcome, Lost)]
    assert closed
    assert not any(outcome.suspect for outcome in closed)
    assert commands.run("agents", "restart", "executor-9")[0] == 2


@pytest.mark.parametrize("how", ["loop", *(pytest.param(how, marks=pytest.mark.faults) for how in ("gil", "stop"))])
def test_a_hung_agent_is_found_and_its_items_run_elsewhere(commands: Commands, fleet: FleetFile, how: str) -> None:
    wait_for(fleet, "agent", lambda found: len(found) == AGENTS)
    ids = [f"slow{n}" for n in range(24)] if how == "stop" else [how, "a", "b", "slow0"]
    process = commands.start("run", plan(commands, *ids), "--key", f"hung-{how}")
    commands.wait(f"hung-{how}", begun(ids[0]), process)
    began = time.monotonic()
    if how == "stop":
        strike(processes(fleet, "agent")[0], signal.SIGSTOP)
    assert ended(process) == 0
    assert time.monotonic() - began < 60
    restarted = [e for e in since(commands, f"hung-{how}") if isinstance(e, AgentRestarted)]
    assert [e.cause for e in restarted] == [RestartCause.HANG], "one, and nobody else"
    assert sorted(paid(commands.events(f"hung-{how}"))) == sorted(ids)


def test_an_item_that_will_not_stop_costs_its_agent_the_process_and_itself_an_attempt(
    commands: Commands, fleet: FleetFile
) -> None:
    process = commands.start("run", plan(commands, "stubborn", "a", timeout=1.0), "--key", "stubborn")
    assert ended(process) == 0
    (restarted,) = [e for e in since(commands, "stubborn") if isinstance(e, AgentRestarted)]
    assert restarted.cause is RestartCause.OVERDUE
    closed = [(e.outcome.kind, e.epoch) for e in happened(commands, "stubborn", ItemClosed) if e.item == "stubborn"]
    assert closed == [("failure", 1), ("result", 2)]


def test_a_poison_item_is_quarantined_and_costs_the_others_nothing_but_time(
    commands: Commands, fleet: FleetFile
) -> None:
    others = [f"o{n}" for n in range(49)]
    process = commands.start("run", plan(commands, "poison", *others), "--key", "poison")
    assert ended(process) == 1
    (quarantined,) = happened(commands, "poison", ItemQuarantined)
    assert quarantined.item == "poison"
    assert set(others) <= set(paid(commands.events("poison")))


@pytest.mark.faults
def test_what_eats_memory_loses_its_process_and_in_the_end_the_item(commands: Commands, fleet: FleetFile) -> None:
    store = processes(fleet, "store")
    others = [f"slow{n}" for n in range(24)]
    process = commands.start("run", plan(commands, "glutton", *others), "--key", "glutton")
    assert ended(process) == 1
    (quarantined,) = happened(commands, "glutton", ItemQuarantined)
    assert quarantined.item == "glutton"
    restarted = [e for e in since(commands, "glutton") if isinstance(e, AgentRestarted)]
    assert [e.cause for e in restarted] == [RestartCause.MEMORY] * 2, "beside others, then alone"
    assert all(f"an agent may have {MEMORY_MB}" in e.reason for e in restarted)
    assert sorted(paid(commands.events("glutton"))) == sorted(others)
    assert processes(fleet, "store") == store


def test_a_killed_monitor_comes_back_and_restarts_nobody(commands: Commands, fleet: FleetFile) -> None:
    before = wait_for(fleet, "agent", lambda found: len(found) == AGENTS)
    (monitor,) = processes(fleet, "monitor")
    strike(monitor)
    wait_for(fleet, "monitor", lambda found: bool(found) and monitor not in found)
    process = commands.start("run", plan(commands, *(f"slow{n}" for n in range(24))), "--key", "monitor")
    commands.wait("monitor", begun("slow0"), process)
    assert processes(fleet, "agent") == before
    strike(before[0])
    assert ended(process) == 0
    assert [e.cause for e in since(commands, "monitor") if isinstance(e, AgentRestarted)] == [RestartCause.CRASH]


@pytest.mark.faults
def test_an_agent_that_is_stopped_is_found_by_the_next_monitor(commands: Commands, fleet: FleetFile) -> None:
    assert commands.run("run", plan(commands, "a"), "--key", "both")[0] == 0
    before = known(commands)
    strike(before["executor-1"]["pid"], signal.SIGSTOP)
    (monitor,) = processes(fleet, "monitor")
    strike(monitor)
    commands.wait("both", over("executor-1", before["executor-1"]["generation"]))
    restarted = [e for e in since(commands, "both") if isinstance(e, AgentRestarted)]
    assert [(e.agent, e.cause) for e in restarted] == [("executor-1", RestartCause.HANG)]
    assert {id_: agent["pid"] for id_, agent in known(commands).items() if id_ != "executor-1"} == {
        id_: agent["pid"] for id_, agent in before.items() if id_ != "executor-1"
    }


@pytest.mark.faults
@pytest.mark.parametrize("stopped", ["store", "monitor"])
def test_one_that_is_stopped_is_ended_by_whoever_never_heard_of_it(
    commands: Commands, fleet: FleetFile, stopped: str
) -> None:
    (monitor,), ids = processes(fleet, "monitor"), [f"slow{n}" for n in range(60)]
    process = commands.start("run", plan(commands, *ids), "--key", f"stopped-{stopped}")
    commands.wait(f"stopped-{stopped}", begun("slow0"), process)
    if stopped == "store":  # the next monitor has never had an answer from it
        (victim,) = processes(fleet, "store")
        strike(victim, signal.SIGSTOP)
        strike(monitor)
    else:  # nobody has had one from the next monitor
        strike(monitor)
        (victim,) = wait_for(fleet, "monitor", lambda found: len(found) == 1 and monitor not in found)
        strike(victim, signal.SIGSTOP)
        strike(processes(fleet, "agent")[0])  # which only a monitor that works lets back in
    wait_for(fleet, stopped, lambda found: len(found) == 1 and victim not in found)
    assert ended(process) == 0
    assert sorted(paid(commands.events(f"stopped-{stopped}"))) == sorted(ids)
    wait_for(fleet, "agent", lambda found: len(found) == AGENTS)


def over(agent: str, generation: int) -> Callable[[Event], bool]:
    """Whether this process was followed by another, or by none for good."""

    def wanted(event: Event) -> bool:
        if isinstance(event, AgentStarted):
            return event.agent == agent and event.generation > generation
        return isinstance(event, AgentFailed)

    return wanted


@pytest.mark.faults
def test_an_agent_that_ends_again_and_again_is_given_up_until_it_is_reset(commands: Commands, fleet: FleetFile) -> None:
    assert commands.run("run", plan(commands, "a"), "--key", "marker")[0] == 0
    while not [event for event in since(commands, "marker") if isinstance(event, AgentFailed)]:
        agent = known(commands)["executor-0"]
        strike(agent["pid"])
        commands.wait("marker", over("executor-0", agent["generation"]))
    assert [event.agent for event in since(commands, "marker") if isinstance(event, AgentFailed)] == ["executor-0"]
    assert known(commands)["executor-0"]["state"] == "failed"
    assert commands.run("run", plan(commands, "a", "b"), "--key", "without")[0] == 0
    assert commands.run("agents", "reset", "executor-0")[0] == 0
    commands.wait("marker", over("executor-0", agent["generation"]))
    wait_for(fleet, "agent", lambda found: len(found) == AGENTS)
    assert commands.run("run", plan(commands, *(f"slow{n}" for n in range(16))), "--key", "again")[0] == 0
    assert {event.agent for event in happened(commands, "again", ItemClosed)} == set(known(commands))

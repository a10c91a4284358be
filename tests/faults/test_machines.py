"""A job over machines with networks and disks of their own: cables that are cut, machines that are lost and added."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from actors.events import ItemAssigned
from actors.journal.fleet import AgentRestarted
from actors.work import RestartCause
from tests.support import machines
from tests.support.jobs import AGENTS, AT_ONCE, ITEMS, Job, asked_twice, ends_well, job
from tests.support.machines import Machine, Machines
from tests.support.processes import Process

pytestmark = [
    pytest.mark.faults,
    pytest.mark.timeout(280),
    pytest.mark.skipif(bool(machines.missing()), reason=machines.missing()),
]

CUT_S = 30.0


def victim(job: Job) -> tuple[Machine, set[str]]:
    """A machine that is not the head, with its agents."""
    where = {agent: event.node for agent, event in job.agents().items()}
    assert len(set(where.values())) == AGENTS, "spread over the machines"
    node, machine = next(
        (n, m) for n, m in job.cluster.by_node().items() if m is not job.cluster.head and n in where.values()
    )
    return machine, {agent for agent, at in where.items() if at == node}


@contextmanager
def soon(cluster: Machines) -> Iterator[None]:
    """Ray gives a silent node up within 15 s; with its own values it takes a minute."""
    cluster.tell(RAY_health_check_period_ms="1000", RAY_health_check_timeout_ms="2000")
    yield


def cut(job: Job, process: Process) -> tuple[set[str], set[str]]:
    """The cable of a machine is out for CUT_S; its agents, and what they held from then on."""
    job.wait_for(AGENTS * AT_ONCE, process)
    machine, agents = victim(job)
    machine.cut()
    began, held = time.monotonic(), job.held(agents)
    while time.monotonic() < began + CUT_S:  # the cut itself
        held |= job.held(agents)
        time.sleep(0.1)
    assert process.poll() is None, "the run is not over before the cable is back"
    machine.mend()
    assert held
    return agents, held


def test_a_cut_that_ray_has_not_noticed_costs_nothing(tmp_path: Path) -> None:
    with job(AGENTS, tmp_path) as silent:
        process = silent.begin(silent.wide(ITEMS))
        _, held = cut(silent, process)
        lost = ends_well(silent, process)
        assert not silent.all(AgentRestarted)
        assert not lost & held, "what the agents had answered is taken from them after the cut"
        assert asked_twice(silent) == set()


def test_a_node_that_was_given_up_during_a_cut_cannot_bring_its_results(tmp_path: Path) -> None:
    with job(AGENTS, tmp_path, around=soon) as given_up:
        process = given_up.begin(given_up.wide(ITEMS))
        agents, held = cut(given_up, process)
        lost = ends_well(given_up, process)
        restarted = given_up.all(AgentRestarted)
        assert {event.agent for event in restarted} == agents
        assert {event.cause for event in restarted} == {RestartCause.NODE_LOST}
        assert lost & held
        assert asked_twice(given_up) <= lost


def test_a_machine_without_power_and_another_that_joins(tmp_path: Path) -> None:
    with job(AGENTS, tmp_path, around=soon) as powerless:
        process = powerless.begin(powerless.wide(ITEMS))
        powerless.wait_for(AGENTS * AT_ONCE, process)
        machine, agents = victim(powerless)
        held = powerless.held(agents)
        machine.cut()  # nobody tells its neighbours that its processes are gone
        machine.kill()
        held |= powerless.held(agents)
        powerless.cluster.boot(powerless.cluster.add())
        lost = ends_well(powerless, process)
        restarted = powerless.all(AgentRestarted)
        assert {(event.agent, event.cause) for event in restarted} == {(one, RestartCause.NODE_LOST) for one in agents}
        assert lost <= held
        assert asked_twice(powerless) <= lost


def test_items_with_files_find_them_though_each_machine_has_a_disk_of_its_own(tmp_path: Path) -> None:
    reads, plain = [f"look{n}" for n in range(20)], [f"plain{n}" for n in range(40)]
    word = "parrot"
    with job(AGENTS, tmp_path, "runs") as disks:
        disks.script(
            rules=[
                {"match": "/make/", "turn": 1, "calls": calls("write_file", path="a.txt", content=word)},
                {"match": "/look", "turn": 1, "calls": calls("read_file", path="a.txt")},
                {"match": word, "answer": "seen"},
                {"match": "/plain", "delay_s": 0.5},
            ]
        )
        plan = disks.items(
            {"id": "make", "description": "make it", "tools": ["files:write"]},
            *({"id": n, "description": n, "tools": ["files:read"], "dependencies": ["make"]} for n in reads),
            *({"id": n, "description": n} for n in plain),
        )
        out, err = (process := disks.begin(plan)).communicate(timeout=150)
        assert process.returncode == 0, out + err
        told = json.loads(disks.well("results", "job", "--json"))
        assert {told[item]["data"] for item in reads} == {"seen"}
        node = {agent: event.node for agent, event in disks.agents().items()}
        at = {event.item: node[event.agent] for event in disks.all(ItemAssigned)}
        assert len({at[item] for item in ("make", *reads)}) == 1
        assert {at[item] for item in plain} == set(node.values()), "what needs no files is spread"


def calls(tool: str, **arguments: Any) -> list[dict[str, Any]]:
    return [{"tool": tool, "arguments": arguments}]

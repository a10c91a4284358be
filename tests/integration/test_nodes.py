"""A fleet over three Ray nodes: one is lost, its agents come up elsewhere, its items go on at once; one comes back."""

import json
import os
import signal
import time
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

import pytest

from actors.events import Event, ItemAssigned, ItemClosed
from actors.journal.fleet import AgentErrorRecorded, AgentRestarted, AgentStarted
from actors.work import Lost, RestartCause
from tests.support.fleets import ONLY_EXECUTORS
from tests.support.nodes import Nodes, nodes
from tests.support.processes import PATIENCE_S, Commands, Process, begun, ended, paid

pytestmark = [pytest.mark.faults, pytest.mark.timeout(300)]

ITEMS = [f"slow{n}" for n in range(60)]
AGENTS = 4


class Job(Commands):
    """Commands of a job on a cluster of several nodes."""

    def __init__(self, folder: Path, cluster: Nodes) -> None:
        super().__init__(folder)
        self._cluster = cluster
        self.script(rules=[{"match": "/slow", "delay_s": 1.0}, {"match": "/long", "delay_s": 60.0}])

    @property
    def environment(self) -> dict[str, str]:
        return {**super().environment, **self._cluster.environment}

    def begin(self, *items: str) -> Process:
        told = {"name": "job", "model": "scripted", "items": [{"id": id_, "description": id_} for id_ in items]}
        (self.folder / "plan.json").write_text(json.dumps(told))
        options = ("--executors", str(AGENTS), "--concurrency", "2", *ONLY_EXECUTORS)
        process = self.start("run", "plan.json", "--key", "job", *options)
        self.wait("job", begun(items[0]), process)
        return process

    def agents(self) -> list[AgentStarted]:
        """Each agent's newest process."""
        return list({e.agent: e for e in self.events("job") if isinstance(e, AgentStarted)}.values())


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nodes]:
    with nodes(3, tmp_path_factory.mktemp("nodes"), quick=True) as started:
        yield started


def after(events: list[Event], first: Event) -> list[Event]:
    return [event for event in events if event.seq > first.seq]


def victim(job: Job, cluster: Nodes) -> tuple[str, dict[str, AgentStarted]]:
    """A node that is not the head, and its agents."""
    over = {agent.node for agent in job.agents()}
    assert over == set(cluster.ids) - cluster.lost, "spread over nodes"
    node = next(node for node in over if node != cluster.ids[0])
    return node, {agent.agent: agent for agent in job.agents() if agent.node == node}


def up_again(gone: Collection[str]) -> Callable[[Event], bool]:
    """One of these is up elsewhere."""
    return lambda e: isinstance(e, AgentStarted) and e.agent in gone and e.generation > 1


def test_the_agents_of_a_lost_node_come_up_elsewhere_and_its_items_go_on_at_once(
    cluster: Nodes, tmp_path: Path
) -> None:
    job = Job(tmp_path, cluster)
    process = job.begin(*ITEMS)
    node, gone = victim(job, cluster)
    cluster.lose(node, [agent.pid for agent in gone.values()])
    job.wait("job", up_again(gone), process)
    back = cluster.add()
    assert ended(process) == 0

    events = job.events("job")
    restarts = [e for e in events if isinstance(e, AgentRestarted)]
    assert {(e.agent, e.cause) for e in restarts} == {(agent, RestartCause.NODE_LOST) for agent in gone}
    assert not [e for e in events if isinstance(e, AgentErrorRecorded)], "nobody's fault"
    lost = [e for e in events if isinstance(e, ItemClosed) and isinstance(e.outcome, Lost)]
    assert {e.agent for e in lost} <= set(gone)
    assert not [e for e in lost if isinstance(e.outcome, Lost) and e.outcome.suspect]
    assert sorted(paid(events)) == sorted(ITEMS)
    assert {e.attempt for e in events if isinstance(e, ItemAssigned)} == {1}, "uncharged"
    anew = [e for e in events if isinstance(e, AgentStarted) and e.generation > 1]
    assert {e.agent for e in anew} == set(gone)
    assert not {e.node for e in anew} & {node}
    for event in lost:
        (again,) = [e for e in after(events, event) if isinstance(e, ItemAssigned) and e.item == event.item]
        assert again.agent not in gone or again.seq > min(e.seq for e in anew)
        assert again.at - restarts[0].at < 5, "siblings take it, whenever the agent itself comes back"
    assert back != node


def newer(agent: AgentStarted) -> Callable[[Event], bool]:
    """The agent's next process is up."""
    return lambda e: isinstance(e, AgentStarted) and e.agent == agent.agent and e.generation > agent.generation


@pytest.mark.faults
def test_a_node_that_comes_back_gets_agents_when_they_are_started_anew(cluster: Nodes, tmp_path: Path) -> None:
    job = Job(tmp_path, cluster)
    process = job.begin(*(f"long{n}" for n in range(8)))
    new = cluster.add()
    deadline = time.monotonic() + PATIENCE_S
    while new not in {agent.node for agent in job.agents()}:
        assert time.monotonic() < deadline
        for agent in job.agents():
            assert job.run("agents", "restart", agent.agent)[0] == 0
            job.wait("job", newer(agent), process)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


@pytest.mark.faults
def test_a_frozen_node_is_given_up_and_what_it_does_when_it_thaws_counts_for_nothing(
    cluster: Nodes, tmp_path: Path
) -> None:
    items = [f"slow{n}" for n in range(200)]
    job = Job(tmp_path, cluster)
    process = job.begin(*items)
    node, gone = victim(job, cluster)
    pids = [agent.pid for agent in gone.values()]
    cluster.freeze(node, pids)
    job.wait("job", up_again(gone), process)
    cluster.thaw(node, pids)
    assert ended(process) == 0
    restarts = {(e.agent, e.cause) for e in job.events("job") if isinstance(e, AgentRestarted)}
    assert restarts == {(agent, RestartCause.NODE_LOST) for agent in gone}
    assert sorted(paid(job.events("job"))) == sorted(items)

"""A cluster that grows with what agents ask for, and shrinks again: Ray's own autoscaler over nodes of this machine."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from actors.journal.fleet import AgentFailed, AgentRestarted, AgentStarted, AgentUnavailable
from tests.support import machines
from tests.support.fleets import ONLY_EXECUTORS
from tests.support.jobs import OnHead
from tests.support.machines import PORT, Machines
from tests.support.processes import PATIENCE_S, ended, paid

pytestmark = [
    pytest.mark.faults,
    pytest.mark.timeout(280),
    pytest.mark.skipif(bool(machines.missing()), reason=machines.missing()),
]

HEAD = "f" * 51 + "00000"
"""The id that Ray's provider for tests takes the head to have."""

AUTOSCALER = {
    "RAY_enable_autoscaler_v2": "0",
    "RAY_FAKE_CLUSTER": "1",
    "AUTOSCALER_UPDATE_INTERVAL_S": "1",
    "RAY_OVERRIDE_NODE_ID_FOR_TESTING": HEAD,
}
AGENTS = 4
ITEMS = [f"slow{number}" for number in range(40)]


def kinds(head: str) -> dict[str, Any]:
    """A cluster file: a head without CPUs for agents, nodes of two CPUs that leave after six seconds."""
    provider = {
        "type": "fake_multinode",
        "use_node_id_as_ip": True,
        "disable_node_updaters": True,
        "disable_launch_config_check": True,
        "gcs_address": f"{head}:{PORT}",
    }
    worker = {"resources": {"CPU": 2, "object_store_memory": 80_000_000}, "node_config": {}, "max_workers": 3}
    lists = ("cluster_synced_files", "rsync_exclude", "rsync_filter", "initialization_commands", "setup_commands")
    commands = ("head_setup", "worker_setup", "head_start_ray", "worker_start_ray")
    return {
        "cluster_name": "growing",
        "max_workers": 3,
        "idle_timeout_minutes": 0.1,
        "provider": provider,
        "available_node_types": {
            "ray.head.default": {"resources": {"CPU": 0}, "node_config": {}, "max_workers": 0},
            "worker": {**worker, "min_workers": 0},
        },
        "head_node_type": "ray.head.default",
        "auth": {},
        "file_mounts": {},
        "file_mounts_sync_continuously": False,
        **{name: [] for name in (*lists, *(f"{name}_commands" for name in commands))},
    }


class Job(OnHead):
    """Its agents ask for a CPU each."""

    def __init__(self, folder: Path, cluster: Machines) -> None:
        super().__init__(folder)
        self.cluster = cluster
        self.script(rules=[{"match": "/slow", "delay_s": 1.0}])

    @property
    def environment(self) -> dict[str, str]:
        return {**super().environment, "MNEMOSYNE_AGENT_CPUS": "1"}


@pytest.fixture
def job(tmp_path: Path) -> Iterator[Job]:
    file = tmp_path / "kinds.yaml"
    with machines.machines(0, tmp_path, **AUTOSCALER) as cluster:
        head = cluster.add()
        file.write_text(json.dumps(kinds(head.address)))
        cluster.tell_head("--num-cpus=0", f"--autoscaling-config={file}")
        cluster.boot(head)
        yield Job(tmp_path, cluster)


def test_nodes_come_when_agents_ask_for_them_and_leave_when_the_fleet_has_ended(job: Job) -> None:
    assert list(job.cluster.nodes()) == [HEAD]
    plan = job.plan(**dict.fromkeys(ITEMS, ()))
    shape = ("--executors", str(AGENTS), "--concurrency", "1", *ONLY_EXECUTORS)
    assert ended(job.start("run", plan, "--key", "job", *shape)) == 0

    events = job.events("job")
    assert sorted(paid(events)) == sorted(ITEMS)
    started = [event for event in events if isinstance(event, AgentStarted)]
    assert len(started) == AGENTS
    assert len({event.node for event in started} - {HEAD}) == AGENTS // 2
    trouble = AgentRestarted | AgentFailed | AgentUnavailable
    assert not [event for event in events if isinstance(event, trouble)], "who waits for a node does not hang"

    deadline = time.monotonic() + PATIENCE_S
    while list(job.cluster.nodes()) != [HEAD]:
        assert time.monotonic() < deadline, "they stay"

"""A fleet that several jobs share loses the head of its cluster, with a control store that lasts and without one."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from actors.events import RunStarted
from tests.support import machines
from tests.support.jobs import AGENTS, AT_ONCE, ITEMS, SHAPE, Around, Job, asked_twice, job, whole
from tests.support.machines import WITH_US, Machines
from tests.support.processes import paid

pytestmark = [
    pytest.mark.faults,
    pytest.mark.timeout(280),
    pytest.mark.skipif(bool(machines.missing()), reason=machines.missing()),
]


@contextmanager
def rocksdb(cluster: Machines) -> Iterator[None]:
    """Ray's own, on a disk that outlives the head."""
    with TemporaryDirectory() as folder:
        cluster.tell(RAY_gcs_storage="rocksdb", RAY_gcs_storage_path=folder)
        yield


@contextmanager
def redis(cluster: Machines) -> Iterator[None]:
    """One that the head reaches, in memory alone."""
    if shutil.which("redis-server") is None:
        pytest.skip("no Redis is installed; Debian's package is redis-server")
    password = "of-this-test"
    options = {"bind": cluster.host, "port": "6379", "save": "", "requirepass": password}
    words = [word for name, value in options.items() for word in (f"--{name}", value)]
    with TemporaryDirectory() as folder:
        server = subprocess.Popen([*WITH_US, "redis-server", *words], cwd=folder, stdout=subprocess.DEVNULL)
        try:
            cluster.tell_head(f"--redis-password={password}", RAY_REDIS_ADDRESS=f"{cluster.host}:6379")
            yield
        finally:
            server.kill()
            server.wait()


@pytest.mark.parametrize("storage", [rocksdb, redis])
def test_a_head_that_comes_back_with_its_control_store_finds_the_agents_at_work(
    tmp_path: Path, storage: Around
) -> None:
    with job(AGENTS, tmp_path, around=storage) as headless:
        fleet_with_a_run(headless)
        head, elsewhere = headless.cluster.head, agents_elsewhere(headless)
        head.kill()
        headless.cluster.boot(head)
        headless.well("status", "job", "--watch")
        lost = whole(headless)
        assert {event.term for event in headless.all(RunStarted)} == {1, 2}, "its driver is on the head"
        after = headless.agents()
        assert {agent: after[agent].generation for agent in elsewhere} == dict.fromkeys(elsewhere, 1)
        assert asked_twice(headless) <= lost
        headless.well("down")


def test_without_one_the_run_goes_on_on_a_new_cluster(tmp_path: Path) -> None:
    with job(AGENTS, tmp_path) as anew:
        fleet_with_a_run(anew)
        for machine in anew.cluster.all:
            machine.kill()
        flying = anew.server.items.total() - len(paid(anew.events("job")))
        for machine in anew.cluster.all:
            anew.cluster.boot(machine)
        assert "`mnemosyne down`, then `mnemosyne up`" in anew.run("resume", "--all")[2]
        anew.well("down")
        anew.well("up", *SHAPE)
        anew.well("resume", "--all")
        anew.well("status", "job", "--watch")
        lost = whole(anew)
        assert asked_twice(anew) <= lost
        assert anew.twice <= flying
        anew.well("down")


def fleet_with_a_run(job: Job) -> None:
    """The fleet is the cluster's and not of one job; so is the driver."""
    job.well("up", *SHAPE)
    job.well("run", job.wide(ITEMS), "--key", "job", "--detach")
    job.wait_for(AGENTS * AT_ONCE)


def agents_elsewhere(job: Job) -> set[str]:
    """Those that are not on the head."""
    head = next(node for node, machine in job.cluster.by_node().items() if machine is job.cluster.head)
    return {agent for agent, event in job.agents().items() if event.node != head}

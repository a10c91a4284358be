"""`doctor` as a job over two machines, of which one has other sources, and then does not answer."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support import machines
from tests.support.jobs import OnHead
from tests.support.machines import Machines
from tests.support.processes import ROOT

pytestmark = [
    pytest.mark.faults,
    pytest.mark.timeout(200),
    pytest.mark.skipif(bool(machines.missing()), reason=machines.missing()),
]

BOARDS = ROOT / "dashboards" / "grafana"
"""A part of the build; the second machine has an empty folder there."""


class Job(OnHead):
    """Asks for findings."""

    def __init__(self, folder: Path, cluster: Machines) -> None:
        super().__init__(folder)
        self.cluster = cluster

    def findings(self) -> tuple[int, dict[str, Any]]:
        code, out, err = self.run("doctor", "--json")
        assert out, err
        return code, {finding["name"]: finding for finding in json.loads(out)["findings"]}


@pytest.fixture
def job(tmp_path: Path) -> Iterator[Job]:
    with machines.machines(2, tmp_path, BOARDS) as cluster:
        yield Job(tmp_path, cluster)


def test_every_node_is_asked_and_the_one_that_differs_is_named(job: Job) -> None:
    code, found = job.findings()
    assert code == 2
    assert found["cluster"]["message"] == "Ray answers: 2 nodes"
    assert found["builds"]["level"] == "broken"
    other = job.cluster.all[1]
    assert f"({other.address}) has " in found["builds"]["message"]
    assert job.cluster.head.address not in found["builds"]["message"]
    assert found["versions"]["level"] == found["clocks"]["level"] == "ok"
    assert {"home", "packages"} <= set(found["on each node"]["message"].removeprefix("well: ").split(", "))

    other.cut()  # Ray takes it for alive
    code, found = job.findings()
    assert code == 2
    assert "did not answer" in next(finding["message"] for name, finding in found.items() if other.address in name)
    assert found["builds"]["level"] == "ok"

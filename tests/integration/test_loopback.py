"""An embedded run opens no port to the network. Of a fleet that is up, test_canary.py says the same."""

from pathlib import Path

import pytest

from cluster.doctor import ports
from tests.processes import Commands, begun, descendants, ended

pytestmark = pytest.mark.timeout(200)


def test_an_embedded_run_listens_on_loopback_alone(tmp_path: Path) -> None:
    commands = Commands(tmp_path)
    commands.script(rules=[{"match": "/slow", "delay_s": 60}])
    process = commands.start("run", commands.plan(slow=[]), "--key", "ports")
    try:
        commands.wait("ports", begun("slow"), process)
        opened = ports.opened_by([process.pid, *(pid for pid, _ in descendants(process.pid))])
        assert len(opened) > 5, "Ray opens a port for each of its processes"
        assert [one for one in opened if not one.address.is_loopback] == []
    finally:
        process.kill()
        ended(process)

"""A marked key is nowhere but where it belongs: the short form, on a small fleet; the long one is a fault test."""

import base64
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import apsw
import pytest

from actors.events import ItemClosed, RunPaused
from actors.work import Failure
from cluster.doctor import ports
from cluster.fleets import head
from cluster.fleets.fleet_file import FleetFile
from cluster.home.config import token_path
from tests.messages_server import MessagesServer, answers, serving
from tests.support import canary
from tests.support.canary import Canary, Dashboard
from tests.support.echoes import ECHOES, echoing
from tests.support.fleets import fleet_up
from tests.support.leaks import Marked, everywhere

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def mark() -> Canary:
    return Canary("no-shape-of-a-key")


@pytest.fixture(scope="module")
def commands(mark: Canary, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Marked]:
    with serving(MessagesServer(key=mark.key)) as server:
        server.default = echoing(answers())
        yield Marked(tmp_path_factory.mktemp("canary"), server)


@pytest.fixture(scope="module")
def fleet(commands: Marked) -> Iterator[FleetFile]:
    with fleet_up(commands, "--executors", "1") as up:
        yield up


def test_a_refused_key_pauses_the_run_and_a_new_one_is_found_without_a_restart(
    commands: Marked, fleet: FleetFile, mark: Canary
) -> None:
    agents = json.loads(commands.tell("agents", "--json")[1])
    commands.keep(f"{mark.key}-old")
    assert commands.tell("run", commands.plan_of_echoes(), "--key", "echoes", "--detach")[0] == 0
    commands.wait("echoes", lambda event: isinstance(event, RunPaused))
    assert json.loads(commands.tell("status", "echoes", "--json")[1])["state"] == "paused"
    commands.keep(mark.key)
    assert commands.tell("continue", "echoes")[0] == 0
    assert commands.tell("status", "echoes", "--watch")[0] == 1, "some of the echoes are final"
    assert [a["pid"] for a in json.loads(commands.tell("agents", "--json")[1])] == [a["pid"] for a in agents]


def test_the_echoes_were_told_without_the_key(commands: Marked, fleet: FleetFile) -> None:
    ends = [event for event in commands.events("echoes") if isinstance(event, ItemClosed)]
    told = {end.item: end.outcome.message for end in ends if isinstance(end.outcome, Failure)}
    assert set(ECHOES) == {end.item for end in ends}
    assert {"bad-request", "spelt", "type", "text", "headers", "refusal"} <= told.keys()
    assert "[redacted]" in told["bad-request"]
    assert told["spelt"].count("[redacted]") >= 7


def test_it_is_nowhere(commands: Marked, fleet: FleetFile, mark: Canary) -> None:
    commands.look("echoes")
    found = everywhere(mark, commands, fleet)
    assert {place: at.where for place, at in found.items() if at.where} == {}
    assert all(at.searched for at in found.values())
    assert found["files"].searched > 40
    assert found["dashboard"].searched > 40
    assert [path.name for path in canary.sealed(commands.folder)] == ["secrets.age"]
    assert canary.in_environments(mark, head.members(fleet.pid)).where == []
    assert commands.tell("config", "show-key")[1].startswith("…")


def test_the_search_finds_what_is_planted(commands: Marked, fleet: FleetFile, mark: Canary) -> None:
    (logs,) = fleet.folder.glob("session_2*/logs")
    (logs / "planted.log").write_text(f"half of a key: {mark.tail}\n")
    spelt = commands.home / "planted.bin"
    spelt.write_bytes(base64.b64encode(b"xy" + mark.key.encode()))
    db = apsw.Connection(str(commands.home / "planted.db"))
    db.execute("pragma journal_mode = wal").fetchall()
    db.execute("create table t (v); insert into t values (?)", (quote(mark.key, safe=""),)).fetchall()
    argument = [sys.executable, "-c", "import time; time.sleep(60)", mark.key]
    with subprocess.Popen(argument) as shown:
        try:
            found = everywhere(mark, commands, fleet)
        finally:
            shown.kill()
    assert {Path(path).name for path in found["files"].where} >= {"planted.log", "planted.bin", "planted.db-wal"}
    assert found["command lines"].where == [f"/proc/{shown.pid}/cmdline"]
    assert [path for path in found["dashboard"].where if "planted.log" in path]
    assert canary.in_journal(mark, commands.home / "planted.db").where
    db.close()


def test_nobody_without_the_token_is_answered(commands: Marked, fleet: FleetFile) -> None:
    dashboard = Dashboard(fleet.dashboard or "", token_path(commands.home))
    for path in ("/api/v0/actors", "/api/v0/logs", "/api/jobs/", "/nodes?view=summary", "/logical/actors"):
        dashboard.get(path, token=False)
        assert dashboard.answers[path] == 401


def test_the_fleet_listens_on_loopback_alone(commands: Marked, fleet: FleetFile) -> None:
    opened = ports.opened_by(head.members(fleet.pid))
    assert len(opened) > 10, "Ray opens a port for each of its processes"
    assert [one for one in opened if not one.address.is_loopback] == []
    told = {one["name"]: one for one in json.loads(commands.tell("doctor", "--json")[1])["findings"]}
    assert told["fleet ports"]["level"] == "ok"

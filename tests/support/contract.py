"""Steps of the contract's tests: runs on a fleet of four roles, and what the outside sees of each subject."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from typing import Any, NamedTuple

from actors.stores.reader import Reader
from cluster.cli.agents import read
from cluster.fleets.fleet_file import FleetFile
from dashboards.wire.events import tasks_of
from dashboards.wire.events import wire as wire_of
from tests.messages_server import MessagesServer
from tests.support.fleets import Paid
from tests.support.processes import PATIENCE_S

Wire = dict[str, Any]


class Living(NamedTuple):
    """The fleet of this module."""

    commands: Paid
    server: MessagesServer
    fleet: FleetFile
    first: list[Wire]
    """The agents as they were first seen, while the fleet was being started."""
    late_s: float
    """Seconds between their row in the journal and that moment."""


def plan(commands: Paid, *items: Wire, model: str = "scripted") -> str:
    told = [{"description": f"Do {item['id']}.", **item} for item in items]
    (commands.folder / "plan.json").write_text(json.dumps({"name": "plan", "model": model, "items": told}))
    return "plan.json"


def chain(*ids: str, **more: Any) -> list[Wire]:
    """Each after the one before."""
    return [{"id": id_, "dependencies": list(ids[max(n - 1, 0) : n]), **more} for n, id_ in enumerate(ids)]


def run(commands: Paid, key: str, *items: Wire) -> list[Wire]:
    """What the outside sees of a run that completes, and of the fleet since it was accepted."""
    code, out, err = commands.run("run", plan(commands, *items), "--key", key)
    assert code == 0, out + err
    return wire(commands, key)


def wire(commands: Paid, key: str) -> list[Wire]:
    reader = Reader(commands.home / "store.db")
    try:
        record = reader.run(key)
        tasks = tasks_of(reader.items(record.run))
        return [row for event in reader.events(record.run, record.accepted_seq - 1) for row in wire_of(event, tasks)]
    finally:
        reader.close()


def told(rows: Sequence[Wire], **subject: str) -> list[str]:
    """The types of the events of one subject, in order, heartbeats left out."""
    return [
        row["type"]
        for row in rows
        if row["type"] != "heartbeat" and all(row.get(name) == value for name, value in subject.items())
    ]


def of_item(rows: Sequence[Wire], item: str) -> list[str]:
    return [type_ for type_ in told(rows, item_id=item) if type_.startswith("work_item_")]


def of_agent(rows: Sequence[Wire], agent: str, item: str | None = None) -> list[str]:
    mine = [row for row in rows if item is None or row.get("item_id") == item]
    return [type_ for type_ in told(mine, agent_id=agent) if type_.startswith("agent_")]


def agents(commands: Paid) -> dict[str, Wire]:
    return {agent["id"]: agent for agent in read(commands.home, time.time()).to_json()}


def wait_for_agents(commands: Paid, **wanted: Any) -> dict[str, Wire]:
    """The agents, once every one of them is as wanted."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        now = agents(commands)
        if all(agent[name] == value for agent in now.values() for name, value in wanted.items()):
            return now
        assert time.monotonic() < deadline, now
        time.sleep(0.05)


def recorded(living: Living, key: str, faults: int, *more: str) -> list[Wire]:
    """What the monitor wrote of the reviewer since the run was accepted, once it has written of so many faults."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        rows = [
            row for row in wire(living.commands, key) if row.get("agent_id") == "reviewer-0" and "item_id" not in row
        ]
        rows = [row for row in rows if row["type"] != "heartbeat"]
        types = [row["type"] for row in rows]
        if types.count("agent_error_recorded") >= faults and {*more} <= {*types}:
            return rows
        assert time.monotonic() < deadline, types
        time.sleep(0.05)


def outside_the_window(faults: Sequence[Wire], window_s: float) -> None:
    """Return once these faults are too old to count."""
    time.sleep(max(faults[-1]["at"] + window_s - time.time(), 0) + 0.1)


def listed(living: Living, what: str, *options: str) -> list[Wire]:
    """What `ray list` says."""
    command = [sys.executable, "-m", "ray.scripts.scripts", "list", what, "--detail", "--format", "json"]
    token = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN_PATH": str(living.commands.home / "ray-token")}
    done = subprocess.run(
        [*command, "--limit", "10000", "--address", str(living.fleet.dashboard), *options],
        env={**os.environ, **token},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    rows: list[Wire] = [] if done.stdout.startswith("No resource") else json.loads(done.stdout)
    return rows

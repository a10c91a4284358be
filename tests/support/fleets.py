"""A fleet that is up, as processes that can be found and struck; and a model server that counts what is paid."""

import json
import os
import re
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from actors.errors import StoreUnusable
from actors.settings import FleetSettings, HealthSettings, ModelSettings
from actors.stores.reader import Reader
from cluster.cli import agents
from cluster.fleets.fleet_file import FleetFile, living
from cluster.fleets.head import members
from tests.messages_server import KEY, MessagesServer
from tests.support.processes import PATIENCE_S, Commands

PROCESSES = {
    "driver": "ray::DriverProcess",
    "store": "ray::StoreProcess",
    "monitor": "ray::MonitorProcess",
    "governor": "ray::GovernorProcess",
    "agent": "ray::AgentProcess",
    "page": "ray::PageProcess",
}
"""How Ray calls the processes of our actors."""
CALLED = re.compile(r"ray::mnemosyne: \w+-\d+\.\w+ ")
"""How it calls an agent's during a call that has a name of its own."""

ONLY_EXECUTORS = ("--pool", "reviewer=0", "--pool", "optimizer=0", "--pool", "orchestrator=0")
"""The smallest fleet for items of the usual kind."""


@contextmanager
def fleet_up(commands: Commands, *options: str) -> Iterator[FleetFile]:
    """A fleet in the home of these commands, ended at the end whatever became of it. Of executors if none are told."""
    code, _, err = commands.run("up", *options, *(() if "--pool" in options else ONLY_EXECUTORS))
    assert code == 0, (code, err)
    fleet = living(commands.home)
    assert fleet is not None
    try:
        yield fleet
    finally:
        code, _, err = commands.run("down", "--now")
        assert code == 0, err
        assert not session(fleet.pid), "down left processes"


@contextmanager
def fleet_of(
    commands: Commands, shape: FleetSettings, health: HealthSettings, models: ModelSettings | None = None
) -> Iterator[Callable[[], FleetFile]]:
    """A fleet with these settings that is being started; the value returns it once it is up. Ended at the end."""
    program = [sys.executable, "-m", "tests.support.start_fleet"]
    told = [str(commands.home), shape.model_dump_json(), health.model_dump_json()]
    told += [models.model_dump_json(exclude_defaults=True)] if models else []
    process = commands.start(*told, program=program)

    def up() -> FleetFile:
        _, err = process.communicate(timeout=PATIENCE_S)
        fleet = living(commands.home)
        assert fleet is not None, err
        return fleet

    try:
        yield up
    finally:
        if process.poll() is None:
            process.communicate(timeout=PATIENCE_S)
        code, _, err = commands.run("down", "--now")
        assert code == 0, err


def first_seen(home: Path) -> tuple[list[dict[str, Any]], float]:
    """The agents of a fleet that is being started, as soon as anybody can see them, and how long after their row."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        with suppress(StoreUnusable):
            if shown := agents.read(home, time.time()).to_json():
                reader = Reader(home / "store.db")
                rows = reader.fleet()
                reader.close()
                return shown, time.time() - rows[0].at
        assert time.monotonic() < deadline, "nobody was seen"
        time.sleep(0.01)


def session(pid: int) -> dict[int, str]:
    """Processes of the session that this one leads, with their titles."""
    found = {}
    for member in members(pid):
        with suppress(OSError):
            found[member] = Path(f"/proc/{member}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    return found


def processes(fleet: FleetFile, kind: str) -> list[int]:
    """The living processes of a kind, in the order of their ids."""
    titles = session(fleet.pid).items()
    is_one = {pid for pid, title in titles if title.startswith(PROCESSES[kind])}
    return sorted(is_one | ({pid for pid, title in titles if CALLED.match(title)} if kind == "agent" else set()))


def wait_for(
    fleet: FleetFile, kind: str, wanted: Callable[[list[int]], bool] = bool, within_s: float = PATIENCE_S
) -> list[int]:
    """The processes of a kind, once they are as wanted."""
    deadline = time.monotonic() + within_s
    while not wanted(found := processes(fleet, kind)):
        assert time.monotonic() < deadline, f"{kind}: {found}"
        time.sleep(0.02)
    return found


def strike(pid: int, number: signal.Signals = signal.SIGKILL) -> None:
    """Send the signal; a process that is gone is as dead as can be."""
    with suppress(ProcessLookupError):
        os.kill(pid, number)


def crash(fleet: FleetFile) -> None:
    """Everything at once."""
    for pid in session(fleet.pid):
        strike(pid)
    deadline = time.monotonic() + PATIENCE_S
    while session(fleet.pid):
        assert time.monotonic() < deadline
        time.sleep(0.02)


class Paid(Commands):
    """Commands whose agents call a counting model server through the real SDK."""

    def __init__(self, folder: Path, server: MessagesServer) -> None:
        super().__init__(folder)
        self.server = server

    @property
    def environment(self) -> dict[str, str]:
        """With a key and the server's address."""
        return {**super().environment, "ANTHROPIC_API_KEY": KEY, "ANTHROPIC_BASE_URL": self.server.base_url}

    def wide(self, items: int) -> str:
        """A plan of so many items that depend on nothing, each with a tag that the server counts."""
        told: list[dict[str, Any]] = [{"id": f"i{n}", "description": f"[item:i{n}]"} for n in range(items)]
        plan = {"name": "wide", "model": "claude-sonnet-5-5", "items": told}
        (self.folder / "wide.json").write_text(json.dumps(plan))
        return "wide.json"

    @property
    def twice(self) -> int:
        """Calls beyond the first of each item."""
        return sum(count - 1 for count in self.server.items.values())

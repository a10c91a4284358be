"""SIGKILL in a fan-out of 160 calls of 200 ms, 40 at once: what is paid twice, counted at the model's server."""

import json
import signal
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest

from actors.events import Event, ItemAssigned, ItemClosed, ItemStarted, RunAccepted, RunStarted
from actors.work import Lost
from cluster.cli import preflight
from cluster.fleets.fleet_file import FleetFile
from tests.messages_server import Latency, serving
from tests.support.fleets import ONLY_EXECUTORS, Paid, crash, fleet_up, processes, strike, wait_for
from tests.support.processes import PATIENCE_S, ended, paid

pytestmark = [pytest.mark.faults, pytest.mark.timeout(600)]

ITEMS, AT_ONCE, AGENTS = 160, 40, 2
SHAPE = ("--executors", str(AGENTS), "--concurrency", str(AT_ONCE // AGENTS), *ONLY_EXECUTORS)

STOPPED_S = 90.0
"""Longer than any deadline of a call, a lease or a link."""


def some(kind: type[Event], events: list[Event]) -> bool:
    return any(isinstance(event, kind) for event in events)


POINTS: dict[str, Callable[[list[Event]], bool]] = {
    "accepted": partial(some, RunAccepted),
    "driven": partial(some, RunStarted),
    "assigned": partial(some, ItemAssigned),
    "started": partial(some, ItemStarted),
    "first result": lambda events: len(paid(events)) >= 1,
    "half": lambda events: len(paid(events)) >= ITEMS // 2,
    "nearly all": lambda events: len(paid(events)) >= ITEMS - AT_ONCE // 2,
}
"""What is in the journal when the signal is sent."""

VICTIMS = ("driver", "command", "store", "agent")


@pytest.fixture(scope="module")
def commands(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Paid]:
    with serving() as server:
        server.latency = Latency(base_s=0.2)
        yield Paid(tmp_path_factory.mktemp("kills"), server)


@pytest.fixture(scope="module")
def fleet(commands: Paid) -> Iterator[FleetFile]:
    with fleet_up(commands, *SHAPE) as up:
        yield up


@pytest.fixture
def tell(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """A line of the report."""
    writer = request.config.get_terminal_writer()
    return lambda line: writer.line(f"\n{line}")


def reach(commands: Paid, run: str, point: str) -> None:
    """Return once the journal is there."""
    deadline = time.monotonic() + PATIENCE_S
    while not POINTS[point](commands.events(run)):
        assert time.monotonic() < deadline, f"{run} did not get to: {point}"
        time.sleep(0.005)


def in_flight(commands: Paid, run: str) -> int:
    """Calls that were made and whose results are not in the journal; asked once nothing makes any more."""
    return commands.server.items.total() - len(paid(commands.events(run)))


def lost(events: list[Event]) -> int:
    """Attempts that ended with their agent."""
    return sum(isinstance(event, ItemClosed) and isinstance(event.outcome, Lost) for event in events)


def check(commands: Paid, run: str, bound: int | None = None) -> int:
    """Every item has one result; how many were paid twice: at most so many, or as many as attempts were lost."""
    assert commands.run("status", run, "--watch")[0] == 0
    assert sorted(paid(commands.events(run))) == sorted(f"i{n}" for n in range(ITEMS))
    assert commands.server.items.total() >= ITEMS, "every item was asked for"
    assert commands.twice <= (lost(commands.events(run)) if bound is None else bound)
    return commands.twice


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("victim", VICTIMS)
def test_one_kill(commands: Paid, fleet: FleetFile, tell: Any, victim: str, point: str) -> None:
    commands.server.items.clear()
    run, agents = f"{victim} at {point}", processes(fleet, "agent")
    process = commands.start("run", commands.wide(ITEMS), "--key", run)
    reach(commands, run, point)
    began = time.monotonic()
    match victim:
        case "command":
            process.kill()
        case "agent":
            strike(agents[0])
        case _:
            strike(wait_for(fleet, victim)[0])
    assert ended(process) == (-signal.SIGKILL if victim == "command" else 0)
    twice = check(commands, run, None if victim == "agent" else 0)
    ended_s = time.monotonic() - began
    tell(f"SIGKILL of the {victim}, {point}: {twice} of {ITEMS} paid twice, the end {ended_s:.1f} s later")
    wait_for(fleet, "agent", lambda found: len(found) == AGENTS)


@pytest.mark.parametrize("point", ["started", "half", "nearly all"])
def test_a_kill_of_an_embedded_run(tell: Any, point: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    with serving() as server:
        server.latency = Latency(base_s=0.2)
        commands = Paid(tmp_path_factory.mktemp("embedded"), server)
        process = commands.start("run", commands.wide(ITEMS), "--key", "k", *SHAPE)
        reach(commands, "k", point)
        process.kill()
        ended(process)
        preflight.free(commands.home / "store.db", PATIENCE_S)  # its processes end with it
        flying = in_flight(commands, "k")
        assert commands.run("resume", "k", *SHAPE)[0] == 0
        twice = check(commands, "k", flying)
        tell(f"SIGKILL of an embedded run, {point}: {twice} of {ITEMS} paid twice, {flying} calls were in flight")


def test_a_crash_of_everything(tell: Any, tmp_path_factory: pytest.TempPathFactory) -> None:
    with serving() as server:
        server.latency = Latency(base_s=0.2)
        commands = Paid(tmp_path_factory.mktemp("crash"), server)
        with fleet_up(commands, *SHAPE) as up:
            assert commands.run("run", commands.wide(ITEMS), "--key", "k", "--detach")[0] == 0
            reach(commands, "k", "half")
            crash(up)
            flying = in_flight(commands, "k")
            assert commands.run("up", *SHAPE)[0] == 0
            assert commands.run("resume", "--all")[0] == 0
            twice = check(commands, "k", flying)
            tell(f"SIGKILL of the whole fleet, half: {twice} of {ITEMS} paid twice, {flying} calls were in flight")


def test_a_driver_that_sleeps_while_another_takes_over(commands: Paid, fleet: FleetFile, tell: Any) -> None:
    commands.server.items.clear()
    assert commands.run("run", commands.wide(ITEMS), "--key", "sleeper", "--detach")[0] == 0
    (driver,) = wait_for(fleet, "driver")
    reach(commands, "sleeper", "started")
    strike(driver, signal.SIGSTOP)
    slept = time.monotonic()
    try:
        assert commands.run("resume", "sleeper", "--take-over")[0] == 0
        twice = check(commands, "sleeper", 0)
        length = len(commands.events("sleeper"))
        time.sleep(max(0.0, slept + STOPPED_S - time.monotonic()))
    finally:
        strike(driver, signal.SIGCONT)
    wait_for(fleet, "driver", lambda found: driver not in found)
    events = [event for event in commands.events("sleeper") if event.run]
    assert {event.term for event in events if isinstance(event, ItemAssigned | RunStarted)} <= {1, 2}
    assert len(commands.events("sleeper")) == length, "it wrote nothing"
    assert check(commands, "sleeper", 0) == twice, "and asked for nothing"
    assert json.loads(commands.run("status", "sleeper", "--json")[1])["counts"]["complete"] == ITEMS
    tell(f"SIGSTOP of a driver for {STOPPED_S:g} s while another took over: {twice} of {ITEMS} paid twice")

"""W6: SIGKILL in the middle of a fan-out of calls, then go on: what is asked, and paid for, a second time.

    python -m benchmarks.kills [ROUNDS]        2 of each system, of Prefect 1: it takes as long as all others

160 calls of about a second (log-normal), 40 at once; the signal is sent when 80 are answered. The server counts every
call by its item. The peers are one process, which is killed and started again; of ours, everything is killed in one
case, and a single process of a fleet that is up in others.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks import players, starts
from benchmarks.peers.environments import ROOT, versions
from benchmarks.report import kept
from benchmarks.starts import Start
from cluster.cli import preflight
from tests.messages_server import KEY, Latency, MessagesServer, serving
from tests.support.fleets import ONLY_EXECUTORS, Paid, fleet_up, processes, strike, wait_for
from tests.support.processes import descendants, ended

ROUNDS = 2
ITEMS, AT_ONCE, AGENTS = 160, 40, 2
LATENCY = Latency(base_s=1.0, sigma=0.3)
PATIENCE_S, QUIET_S = 120.0, 0.25
SHAPE = ("--executors", str(AGENTS), "--concurrency", str(AT_ONCE // AGENTS), *ONLY_EXECUTORS)


class Struck(NamedTuple):
    """The server's counts at the moment of the signal."""

    at: float
    asked: int
    answered: int


def told(server: MessagesServer, struck: Struck, resumed: float, first: float | None) -> dict[str, Any]:
    """A trial that is over. `resumed`: when somebody began to go on; `first`: when a call was made again after that."""
    again = server.items.total() - ITEMS
    assert len(server.items) == ITEMS, "not every item was asked for"
    return {
        "in_flight": struck.asked - struck.answered,
        "answered": struck.answered,
        "again": again,
        "first_call_s": None if first is None else round(first - resumed, 2),
        "end_s": round(time.monotonic() - resumed, 2),
    }


def until_half(server: MessagesServer, alive: Callable[[], bool]) -> None:
    """Return when half of the calls are answered."""
    deadline = time.monotonic() + PATIENCE_S
    while server.ledger.accepted < ITEMS // 2:
        assert time.monotonic() < deadline, "half was not reached"
        assert alive(), "it ended before"
        time.sleep(0.002)


def now(server: MessagesServer) -> Struck:
    """As of now."""
    return Struck(time.monotonic(), server.items.total(), server.ledger.accepted)


def next_call(server: MessagesServer, calls: int, alive: Callable[[], bool]) -> float | None:
    """When there is one more call than these; None if the process ends first."""
    while server.items.total() <= calls:
        if not alive():
            return None
        time.sleep(0.002)
    return time.monotonic()


def silent(server: MessagesServer) -> int:
    """All calls, once those have arrived that were on their way when their callers died."""
    calls, now = -1, server.items.total()
    while now > calls:
        time.sleep(QUIET_S)
        calls, now = now, server.items.total()
    return now


def peer(start: Start, server: MessagesServer) -> dict[str, Any]:
    """Killed, and started again with the same words."""
    asked = {"base_url": server.base_url, "key": KEY, "items": ITEMS, "at_once": AT_ONCE}
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **start.environment}

    @contextmanager
    def begin() -> Iterator[subprocess.Popen[bytes]]:
        command, quiet = [*start.command, json.dumps(asked)], subprocess.DEVNULL
        options = {"cwd": ROOT, "env": environment, "stdout": quiet, "stderr": quiet, "start_new_session": True}
        with subprocess.Popen(command, **options) as process:  # type: ignore[call-overload]
            try:
                yield process
            finally:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)

    with begin() as first:
        until_half(server, lambda: first.poll() is None)
        struck = now(server)
    before, resumed = silent(server), time.monotonic()
    with begin() as second:
        called = next_call(server, before, lambda: second.poll() is None)
        assert second.wait(PATIENCE_S) == 0
    return told(server, struck, resumed, called)


def embedded(server: MessagesServer) -> dict[str, Any]:
    """Ours, an embedded run: every process dies in the same moment; somebody calls `resume`."""
    commands = Paid(Path(tempfile.mkdtemp(prefix="mn-")), server)
    process = commands.start("run", commands.wide(ITEMS), "--key", "k", *SHAPE)
    until_half(server, lambda: process.poll() is None)
    all_of_it, struck = descendants(process.pid), now(server)
    process.kill()
    for pid, _ in all_of_it:
        strike(pid)
    ended(process)
    preflight.free(commands.home / "store.db", PATIENCE_S)  # until the kernel has let go of it
    before, resumed = silent(server), time.monotonic()
    process = commands.start("resume", "k", *SHAPE)
    called = next_call(server, before, lambda: process.poll() is None)
    assert ended(process) == 0
    return told(server, struck, resumed, called)


def on_a_fleet(victim: str, server: MessagesServer) -> dict[str, Any]:
    """Ours, one process of a fleet that is up: nobody does anything, it goes on by itself."""
    commands = Paid(Path(tempfile.mkdtemp(prefix="mn-")), server)
    with fleet_up(commands, *SHAPE) as fleet:
        process = commands.start("run", commands.wide(ITEMS), "--key", "k")
        until_half(server, lambda: process.poll() is None)
        struck = now(server)
        strike(wait_for(fleet, "driver")[0] if victim == "driver" else processes(fleet, "agent")[0])
        called = next_call(server, struck.asked, lambda: process.poll() is None)
        assert ended(process) == 0
        return told(server, struck, struck.at, called)


@contextmanager
def itself() -> Iterator[None]:
    """Ours needs nothing to be started."""
    yield None


class System(NamedTuple):
    """What is killed, of what."""

    name: str
    start: Callable[[], AbstractContextManager[Any]]
    trial: Callable[..., dict[str, Any]]
    most: int = 1000
    """Trials."""


SYSTEMS = (
    System("mnemosyne, driver of a fleet", itself, lambda _, server: on_a_fleet("driver", server)),
    System("mnemosyne, one agent of two", itself, lambda _, server: on_a_fleet("agent", server)),
    System("mnemosyne, everything", itself, lambda _, server: embedded(server)),
    System("LangGraph, SQLite", lambda: starts.peer_in_folder("langgraph", "calls"), peer),
    System("DBOS, SQLite", partial(starts.dbos_on_sqlite, "calls"), peer),
    System("DBOS, PostgreSQL", partial(starts.dbos_on_postgres, "calls"), peer),
    System("Prefect, results kept", partial(starts.peer, "prefect", "calls"), peer, 1),
)


def trial(system: System) -> Mapping[str, Any]:
    """One, with a server and a database of its own."""
    with serving() as server, system.start() as start:
        server.latency = LATENCY
        return system.trial(start, server)


def measure(rounds: int) -> Iterator[dict[str, Any]]:
    """All systems, in turns; what is known after each trial."""
    trials: dict[str, list[Mapping[str, Any]]] = {system.name: [] for system in SYSTEMS}
    shape, failed = {"items": ITEMS, "at_once": AT_ONCE, "agents": AGENTS, "versions": versions()}, dict[str, str]()
    for round_ in range(rounds):
        for system in (one for one in SYSTEMS if one.name not in failed and round_ < one.most):
            try:
                trials[system.name].append(trial(system))
            except (AssertionError, OSError, RuntimeError, subprocess.SubprocessError) as error:
                failed[system.name] = players.reason(error)
            print(round_, system.name, failed.get(system.name) or trials[system.name][-1], flush=True)
            yield {**shape, "rounds": round_ + 1, "trials": trials, "missing": failed}


if __name__ == "__main__":
    kept.run("kills", measure(int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS))

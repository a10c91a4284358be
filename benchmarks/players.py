"""Processes that carry out work graphs when they are asked to: ours, and those of the peers in their environments."""

import json
import os
import select
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.peers.environments import ROOT, python_of
from benchmarks.processes_cpu import used_by
from benchmarks.rest import Rest
from tests.servers import DURABLE, PostgresServer

END_S = 30.0
PATIENCE_S = 300.0

PREFECT = {
    "PREFECT_LOGGING_LEVEL": "ERROR",
    "PREFECT_LOGGING_TO_API_ENABLED": "false",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "true",
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "90",
    "DO_NOT_TRACK": "1",
}
"""Quiet, and a server in the care of the process itself."""


class Start(NamedTuple):
    """How a process is started, and what was started for it."""

    command: list[str]
    environment: Mapping[str, str] = {}
    server: int | None = None


@contextmanager
def ours(module: str, *arguments: str) -> Iterator[Start]:
    """A module in the project's own environment."""
    yield Start([sys.executable, "-m", f"benchmarks.{module}", *arguments])


@contextmanager
def peer(name: str, module: str, *arguments: str) -> Iterator[Start]:
    """A module in the peer's environment, in whose folder it leaves what it likes."""
    with tempfile.TemporaryDirectory(prefix="peer-", ignore_cleanup_errors=True) as folder:
        told = {"PREFECT_HOME": folder, **PREFECT} if name == "prefect" else {}
        python = str(python_of(name))
        yield Start([python, "-m", f"benchmarks.peers.{name}.{module}", *arguments], {**told, "LANGSMITH_TRACING": ""})


@contextmanager
def peer_in_folder(name: str, module: str) -> Iterator[Start]:
    """The same with a folder as its first argument."""
    with (
        tempfile.TemporaryDirectory(prefix="peer-", ignore_cleanup_errors=True) as folder,
        peer(name, module, folder) as start,
    ):
        yield start


@contextmanager
def dbos_on_sqlite(module: str, *arguments: str) -> Iterator[Start]:
    """Its system database in a file."""
    with (
        tempfile.TemporaryDirectory(prefix="peer-", ignore_cleanup_errors=True) as folder,
        peer("dbos", module, f"sqlite:///{folder}/dbos.sqlite", *arguments) as start,
    ):
        yield start


@contextmanager
def dbos_on_postgres(module: str, *arguments: str) -> Iterator[Start]:
    """Its system database on a server that syncs each commit."""
    folder = Path(tempfile.mkdtemp(prefix="mn-pg-"))
    server = PostgresServer(folder, DURABLE)
    try:
        with server.connect() as db:
            db.execute("create database dbos")
        with peer("dbos", module, server.address("dbos"), *arguments) as start:
            yield start._replace(server=server.pid)
    finally:
        server.remove()


class Player:
    """A process that answers; between its turns it may rest."""

    def __init__(self, start: Start) -> None:
        environment = {**os.environ, "PYTHONPATH": str(ROOT), **start.environment}
        self._said = tempfile.TemporaryFile("w+")  # noqa: SIM115 - as long as the process
        self._process = subprocess.Popen(
            start.command,
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._said,
            text=True,
            start_new_session=True,
        )
        self._tops = [self._process.pid, *([start.server] if start.server else [])]
        self._rest: Rest | None = None
        try:
            self.versions: Mapping[str, str] = self._heard()
        except BaseException:
            self.close()
            raise

    @property
    def pid(self) -> int:
        """Of the process, which leads its session."""
        return self._process.pid

    def cpu_s(self) -> float:
        """What its living processes have used, and those of its server."""
        return sum(map(used_by, self._tops))

    def rest(self) -> None:
        """None of its processes runs until it is woken."""
        if self._rest is None:
            self._rest = Rest(self._tops)

    def wake(self) -> None:
        """They run again."""
        if self._rest is not None:
            self._rest.end()
            self._rest = None

    def play(self, **asked: Any) -> Mapping[str, Any]:
        """The answer to a line, of one who is awake. Raises RuntimeError if there is none."""
        assert self._rest is None
        assert self._process.stdin
        with suppress(OSError):  # it has ended; what it said then is told below
            self._process.stdin.write(f"{json.dumps(asked)}\n")
            self._process.stdin.flush()
        return self._heard()

    def _heard(self) -> Mapping[str, Any]:
        assert self._process.stdout
        if not select.select([self._process.stdout], [], [], PATIENCE_S)[0]:
            raise RuntimeError(f"no answer in {PATIENCE_S:g} s")
        line = self._process.stdout.readline()
        if not line:
            code = self._process.wait()
            self._said.seek(0)
            raise RuntimeError(f"the process ended with {code}: {self._said.read()[-2000:]}")
        told: Mapping[str, Any] = json.loads(line)
        return told

    def close(self) -> None:
        """It ends when nobody asks any more, in half a minute by force, with all of its group."""
        self.wake()
        assert self._process.stdin
        try:
            with suppress(OSError):  # what it was not there to read
                self._process.stdin.close()
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(END_S)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)
            with self._said, self._process:
                pass


Starts = Mapping[str, Callable[[], AbstractContextManager[Start]]]
"""How each player is started, by name."""


@contextmanager
def playing(starts: Starts) -> Iterator[tuple[dict[str, Player], dict[str, str]]]:
    """Players by name, all of them at rest, and why others do not play."""
    players, missing = dict[str, Player](), dict[str, str]()
    with ExitStack() as opened:
        for name, start in starts.items():
            try:
                players[name] = Player(opened.enter_context(start()))
            except (OSError, RuntimeError, AssertionError, subprocess.CalledProcessError) as error:
                missing[name] = reason(error)
                continue
            opened.callback(players[name].close)
            players[name].rest()
        yield players, missing


def reason(error: Exception) -> str:
    """In a line: of a program that failed, the last one that it said."""
    said = getattr(error, "stderr", None) or str(error)
    return f"{type(error).__name__}: {said.strip().splitlines()[-1] if said.strip() else ''}"

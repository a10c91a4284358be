"""How players are started: ours, and those of the peers in their environments."""

import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import NamedTuple

from benchmarks.peers.environments import python_of
from tests.support.servers import DURABLE, PostgresServer

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


Starts = Mapping[str, Callable[[], AbstractContextManager[Start]]]
"""How each player is started, by name."""


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

"""A run whose store is on a PostgreSQL server, of which something is struck: the same promise as with a file."""

import json
import os
import signal
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from actors.errors import StoreUnusable
from actors.events import ItemClosed
from actors.stores.inspection import inspect
from actors.stores.reader import Reader
from tests.support.processes import Commands
from tests.support.servers import PostgresServer

pytestmark = [pytest.mark.faults, pytest.mark.timeout(280)]

ITEMS = 60
SECRET = "s3cret-word-of-the-store"


class OnServer(Commands):
    """Commands on a home whose store is on the server."""

    def __init__(self, folder: Path, server: PostgresServer) -> None:
        super().__init__(folder)
        self.address = server.address().replace("tester@", f"tester:{SECRET}@")

    @property
    def environment(self) -> dict[str, str]:
        return {**super().environment, "MNEMOSYNE_STORE": self.address}

    @property
    def store(self) -> Path:
        return self.home / "store.postgres"

    def closed(self) -> list[str]:
        """Items that have a result by now."""
        try:
            with closing(Reader(self.store)) as reader:
                runs = reader.runs()
                events = reader.events(runs[0].run) if runs else []
        except StoreUnusable:  # not made yet
            return []
        return [event.item for event in events if isinstance(event, ItemClosed) and event.outcome.kind == "result"]

    def wait_for(self, results: int) -> None:
        deadline = time.monotonic() + 120
        while len(self.closed()) < results:
            assert time.monotonic() < deadline
            time.sleep(0.05)


@pytest.fixture
def commands(postgres: PostgresServer, tmp_path: Path) -> Iterator[OnServer]:
    made = OnServer(tmp_path, postgres)
    made.script(rules=[{"delay_s": 0.4}])
    yield made
    assert list(inspect(made.store)) == []


def plan(commands: Commands) -> str:
    return commands.plan(**{f"i{number}": () for number in range(ITEMS)})


def whole(commands: OnServer, out: str) -> None:
    told = json.loads(out)
    assert told["state"] == "completed"
    assert told["counts"]["complete"] == ITEMS
    assert set(Counter(commands.closed()).values()) == {1}, "no item has two results"


def test_nothing_secret_is_seen_and_the_journal_is_read_without_ray(commands: OnServer) -> None:
    slowly = ("--executors", "1", "--concurrency", "2")  # it is still under way when all have been looked at
    process = commands.start("run", plan(commands), "--key", "k", "--json", *slowly)
    commands.wait_for(1)
    seen = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command, environ = (folder / "cmdline").read_bytes(), (folder / "environ").read_bytes()
        except OSError:
            continue
        ours = str(commands.home).encode() in environ
        if SECRET.encode() in command or (ours and SECRET.encode() in environ and folder.name != str(process.pid)):
            seen.append((folder.name, command))
    code, status, _ = commands.run("status", "k", "--json")
    assert code == 0
    assert json.loads(status)["state"] == "running"
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    whole(commands, out)
    assert seen == []
    files = [path for path in commands.home.rglob("*") if path.is_file() and SECRET.encode() in path.read_bytes()]
    assert files == [commands.store]


def test_a_server_that_restarts_twice_holds_up_a_run_and_no_more(commands: OnServer, postgres: PostgresServer) -> None:
    process = commands.start("run", plan(commands), "--key", "k", "--json")
    for results in (5, 25):
        commands.wait_for(results)
        postgres.stop()
        time.sleep(2)  # as long as a restart takes
        postgres.start()
    out, err = process.communicate(timeout=200)
    assert process.returncode == 0, err
    whole(commands, out)


def test_a_store_process_that_is_killed_and_a_session_that_is_cut(commands: OnServer, postgres: PostgresServer) -> None:
    process = commands.start("run", plan(commands), "--key", "k", "--json")
    commands.wait_for(5)
    assert postgres.cut() == 1
    commands.wait_for(20)
    with postgres.connect() as db:
        sql = "select application_name from pg_stat_activity where application_name like 'mnemosyne store%'"
        ((name,),) = db.execute(sql).fetchall()
    os.kill(int(str(name).rpartition(":")[2]), signal.SIGKILL)
    out, err = process.communicate(timeout=200)
    assert process.returncode == 0, err
    whole(commands, out)


def test_a_run_that_is_killed_whole_goes_on(commands: OnServer) -> None:
    process = commands.start("run", plan(commands), "--key", "k", "--json")
    commands.wait_for(10)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate(timeout=60)
    paid = set(commands.closed())
    code, out, err = commands.run("run", plan(commands), "--key", "k", "--json")
    assert code == 0, err
    whole(commands, out)
    assert paid <= set(commands.closed())

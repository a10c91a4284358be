"""A process whose children write a store and are killed: started once, it forks a child for every line it reads.

A line is JSON: {"do": name of a task, "path": the store, "point": N}. With a point the child kills itself at the N-th
SQL statement or file operation; without one it runs until the parent process kills it. It answers with lines:
`pid N`, what the child says, and, when the child is gone, `end STATUS`, negative for a signal.
"""

import asyncio
import json
import os
import signal
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import apsw

from actors.journal.rows import to_row
from actors.stores.group import GroupStore
from actors.stores.sqlite import SqliteStore
from cluster.cli.store import app
from tests.support import stores

ROOT = Path(__file__).parents[2]
CALLERS = 3
FILE_OPERATIONS = ("os.rename", "os.remove", "os.rmdir", "os.truncate", "os.mkdir", "shutil.rmtree")


def say(line: str) -> None:
    """At once, whole."""
    os.write(1, f"{line}\n".encode())


async def append(path: Path) -> None:
    """Append for ever, several callers at once; every acknowledged append is said, with its seqs."""
    store = GroupStore(path)
    await store.accept(stores.plan("r"))

    async def caller(name: str) -> None:
        for number in count():
            id_ = f"{name}-{number}"
            size = number % 4 + 1
            ref, text = stores.long_text(id_)
            rows = [to_row(stores.wish("r", f"{id_}/{row}/{size}")) for row in range(size)]
            seqs = await store.append_rows(id_, rows, {ref: text})
            say(f"ack {id_} {json.dumps(seqs)}")

    await asyncio.gather(*(caller(f"{os.getpid()}.{i}") for i in range(CALLERS)))


def migrate(path: Path) -> None:
    """Open a store of an earlier schema."""
    SqliteStore(path).close()


def revise(path: Path) -> None:
    """Accept a plan that takes over from the run `half`."""
    reused = (stores.reused("new", "half"), *stores.grown("new", "half"))
    with stores.writer(path) as store:
        store.accept(stores.plan("new", "monday", "newest")._replace(revises="half", reused=reused))


def prune(path: Path) -> None:
    """By the command."""
    app(["prune", "--older-than", "1d", "--home", str(path.parent)], standalone_mode=False)


def backup(path: Path) -> None:
    """By the command."""
    app(["backup", str(path.with_name("copy.db")), "--home", str(path.parent)], standalone_mode=False)


TASKS: dict[str, Callable[[Path], Any]] = {
    "append": lambda path: asyncio.run(append(path)),
    "migrate": migrate,
    "revise": revise,
    "prune": prune,
    "backup": backup,
}


def kill_at(point: int) -> None:
    """End this process by SIGKILL at its N-th statement or file operation from now on."""
    passed = count(1)

    def at_a_point(*_: Any) -> None:
        if next(passed) == point:
            os.kill(os.getpid(), signal.SIGKILL)

    def connected(db: apsw.Connection) -> None:
        db.trace_v2(apsw.SQLITE_TRACE_STMT, at_a_point)

    apsw.connection_hooks.append(connected)
    sys.addaudithook(lambda name, _: at_a_point() if name in FILE_OPERATIONS else None)


def child(task: str, path: Path, point: int) -> int:
    """What the forked process does; its status."""
    say(f"pid {os.getpid()}")
    if point:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what the commands print
        kill_at(point)
    try:
        TASKS[task](path)
    except BaseException:
        traceback.print_exc()
        return 1
    return 0


def serve() -> None:
    """Until the end of the input."""
    for line in sys.stdin:
        told = json.loads(line)
        pid = os.fork()
        if not pid:
            os._exit(child(told["do"], Path(told["path"]), told["point"]))
        say(f"end {os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])}")


class Child:
    """A child under way."""

    def __init__(self, server: "Server", pid: int) -> None:
        self._server, self.pid = server, pid

    def acknowledged(self) -> str | None:
        """The next append that was acknowledged; None after the child's end."""
        line = self._server.read()
        if line.startswith("end "):
            self.status = int(line[4:])
            return None
        return line.removeprefix("ack ")

    def kill(self) -> Iterator[str]:
        """End it; what it still said."""
        os.kill(self.pid, signal.SIGKILL)
        while said := self.acknowledged():
            yield said


class Server:
    """The process that forks, from the parent's side."""

    def __init__(self) -> None:
        command = [sys.executable, "-c", "from tests.support import store_child; store_child.serve()"]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}  # errors go where the tests' own go
        self.process = subprocess.Popen(command, cwd=ROOT, text=True, bufsize=1, **pipes)  # type: ignore[call-overload]

    def read(self) -> str:
        """One line of what is said."""
        line: str = self.process.stdout.readline()
        if not line:
            raise AssertionError("the server of children ended")
        return line.rstrip("\n")

    def start(self, task: str, path: Path, point: int = 0) -> Child:
        """A new child."""
        self.process.stdin.write(json.dumps({"do": task, "path": str(path), "point": point}) + "\n")
        return Child(self, int(self.read().removeprefix("pid ")))

    def run(self, task: str, path: Path, point: int) -> int:
        """The status of a child that went to its end, or to its point."""
        child = self.start(task, path, point)
        while child.acknowledged() is not None:
            pass
        return child.status


@contextmanager
def server() -> Iterator[Server]:
    """For as long as the block."""
    made = Server()
    try:
        yield made
    finally:
        made.process.stdin.close()
        made.process.wait(30)
        made.process.stdout.close()

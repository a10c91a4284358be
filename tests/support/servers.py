"""A PostgreSQL server of the tests' own, in a folder of theirs, reached by a Unix socket."""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

import psycopg

T = TypeVar("T")

LONG_S = 30.0
NOBODY = 65_534
BINARIES = Path("/usr/lib/postgresql")
QUICK = ("fsync=off", "full_page_writes=off", "max_connections=60", "listen_addresses=")
"""These tests kill processes, not the machine."""

DURABLE = ("max_connections=60", "listen_addresses=")
"""Each commit is on the disk before it is answered, as the server does by itself."""


def binary(name: str) -> str | None:
    """The newest of what Debian installs, else what is on the path."""
    found = sorted(BINARIES.glob(f"*/bin/{name}"), key=lambda path: int(path.parent.parent.name))
    return str(found[-1]) if found else shutil.which(name)


class PostgresServer:
    """One server; ends with `remove`, or when this process has ended, however that was."""

    def __init__(self, folder: Path, settings: Sequence[str] = QUICK) -> None:
        self.folder, self.data, self._settings = folder, folder / "data", settings
        self.is_up = False
        self._user = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.getuid() == 0 else {}
        if self._user:
            os.chown(folder, NOBODY, NOBODY)
        self._run(
            "initdb",
            "--pgdata",
            str(self.data),
            "--auth",
            "trust",
            "--username",
            "tester",
            "--no-sync",
            "--encoding",
            "UTF8",
            "--locale",
            "C.UTF-8",
        )
        self._keeper = self._keep()
        self.start()

    def _keep(self) -> "subprocess.Popen[bytes]":
        """Waits for the end of this process, which has the other end of its input."""
        end = f'read _; "$0" stop --mode immediate --pgdata "{self.data}" >/dev/null 2>&1; rm -rf "{self.folder}"'
        command = ["sh", "-c", end, str(binary("pg_ctl"))]
        options = {"cwd": "/", "stdin": subprocess.PIPE, "start_new_session": True, **self._user}
        return subprocess.Popen(command, **options)  # type: ignore[call-overload,no-any-return]

    def _run(self, name: str, *arguments: str) -> None:
        command = [str(binary(name)), *arguments]
        options = {"cwd": self.folder, "capture_output": True, "text": True, "timeout": 60, **self._user}
        done = subprocess.run(command, check=False, **options)  # type: ignore[call-overload]
        assert done.returncode == 0, f"{name}: {done.stdout}{done.stderr}"

    def start(self) -> None:
        """Until it takes connections."""
        settings = " ".join(f"-c {setting}" for setting in (*self._settings, f"unix_socket_directories={self.folder}"))
        log = str(self.folder / "log")
        self._run("pg_ctl", "start", "--wait", "--pgdata", str(self.data), "--log", log, "--options", settings)
        self.is_up = True

    @property
    def pid(self) -> int:
        """Of the process above all its others, while it is up."""
        return int((self.data / "postmaster.pid").read_text().split()[0])

    def stop(self, mode: str = "immediate") -> None:
        """Its sessions end; immediate: as if it was killed."""
        self._run("pg_ctl", "stop", "--wait", "--mode", mode, "--pgdata", str(self.data))
        self.is_up = False

    def remove(self) -> None:
        """Nothing of it is left."""
        self._keeper.communicate(timeout=60)
        assert not self.folder.exists()

    def address(self, database: str = "postgres") -> str:
        """Of one of its databases."""
        return f"postgresql://tester@/{database}?host={self.folder}"

    def connect(self, database: str = "postgres") -> psycopg.Connection:
        """As the owner of everything."""
        return psycopg.connect(self.address(database), autocommit=True)

    def clear(self) -> None:
        """No store is there, and nobody is connected to one."""
        with self.connect() as db:
            db.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'mnemosyne%'"
            )
            db.execute("drop schema if exists mnemosyne cascade")

    def store(self, folder: Path, database: str = "postgres") -> Path:
        """The file of a home that names this server."""
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / "store.postgres"
        file.write_text(self.address(database))
        file.chmod(0o600)
        return file

    def cut(self) -> int:
        """End the sessions of every writer; how many there were."""
        with self.connect() as db:
            sql = (
                "select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'mnemosyne store%'"
            )
            return len(db.execute(sql).fetchall())

    @contextmanager
    def acknowledging_nothing(self) -> Iterator[Callable[[Callable[[], T]], T]]:
        """What commits is on disk and not answered: `waiting(work)` cuts the session that works in this state."""
        with self.connect() as db, ThreadPoolExecutor(1) as thread:
            db.execute("create table if not exists public.probe(n int)")
            db.execute("alter system set synchronous_standby_names = 'nobody'")
            db.execute("select pg_reload_conf()")
            while not self._waits(db, thread, self._insert):
                pass

            def waiting(work: Callable[[], T]) -> T:
                done = thread.submit(work)
                assert self._cut_when_waiting(db, done), "it was answered"
                self._acknowledge(db)
                return done.result(LONG_S)

            try:
                yield waiting
            finally:
                self._acknowledge(db)

    def _waits(self, db: Any, thread: ThreadPoolExecutor, work: Callable[[], object]) -> bool:
        return self._cut_when_waiting(db, thread.submit(work))

    def _insert(self) -> None:
        with suppress(psycopg.OperationalError), self.connect() as db:
            db.execute("insert into public.probe values(1)")

    @staticmethod
    def _cut_when_waiting(db: Any, done: "Future[Any]") -> bool:
        sql = "select pg_terminate_backend(pid) from pg_stat_activity where wait_event = 'SyncRep'"
        while not done.done():
            if db.execute(sql).fetchall():
                return True
            time.sleep(0.005)
        return False

    @staticmethod
    def _acknowledge(db: Any) -> None:
        db.execute("alter system reset synchronous_standby_names")
        db.execute("select pg_reload_conf()")


def make() -> PostgresServer:
    """In a folder whose name is short enough for a socket."""
    return PostgresServer(Path(tempfile.mkdtemp(prefix="mnemosyne-pg-")))

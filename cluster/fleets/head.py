"""The Ray head that `up` starts: one process that keeps all others of its session, and how they are ended."""

import hashlib
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from actors.errors import FleetError, HomeUnusable
from actors.stores.holder import is_held
from cluster.home.config import root
from cluster.home.locks import exclusive

START_TIMEOUT_S = 120.0
"""Five seconds on an idle machine; forty were seen on one with twenty times its load."""

END_TIMEOUT_S = 15.0
KILLED_S = 5.0
"""A process that gets SIGKILL is gone within this time, even on a machine under load."""

POLL_S = 0.05
PROBE_S = 5.0

SOCKET_PATH_MAX = 100
"""Bytes that a Unix socket's path may have, less a few; what Ray puts behind its folder takes SOCKET_SUFFIX of them."""
SOCKET_PATH_HARD = 107 if sys.platform == "linux" else 103
"""The kernel's own limit, for a folder that a person chose with TMPDIR."""
SHORT = Path("/tmp")  # noqa: S108 - a folder of our own is made in it
SOCKET_SUFFIX = len("/session_2026-01-01_00-00-00_000000_0000000/sockets/plasma_store")

OBJECT_STORE_BYTES = 80_000_000
QUIET_PORTS = range(20_000, 32_000)
"""Nobody gets one of these without naming it, neither from Linux nor from Ray: what is free now is free in a second."""
PORT_TRIES = 50

DASHBOARD_PORT = 8265
"""Where `ray job submit` looks for a dashboard if nobody says otherwise."""

ADDRESS_FILE = "ray_current_cluster"
_ANSI = re.compile(r"\x1b\[[0-9;]*m")


def lock_of(home: Path) -> Path:
    """The file that the head keeps locked while it lives."""
    return home / "head.lock"


def is_up(home: Path) -> bool:
    """Whether the head of this home lives."""
    return is_held(home / "head")


def pid_of(home: Path) -> int | None:
    """The living head's process id; None if there is none, or if this system does not tell.

    Found by the lock that it inherited: what /proc/locks names is the process that took it.
    """
    wanted = lock_of(home).stat()
    for opened in Path("/proc").glob("[0-9]*/fd/*"):
        with suppress(OSError):
            found, pid = opened.stat(), int(opened.parts[2])
            # whoever only looks whether the lock is held has it open for a moment, but leads no session of ours
            if (found.st_dev, found.st_ino) == (wanted.st_dev, wanted.st_ino) and os.getsid(pid) == pid:
                return pid
    return None


def ray_folder(home: Path) -> Path:
    """An empty folder for Ray's own files, in one that only its owner can enter.

    In the home, or elsewhere if the home's path is too long for sockets or not ASCII, which Ray cannot write down: in
    TMPDIR, or in /tmp if the same holds for that one.
    """
    inside = home / "ray"
    if len(os.fsencode(inside)) + SOCKET_SUFFIX > SOCKET_PATH_MAX or not str(inside).isascii():
        inside = Path(tempfile.mkdtemp(prefix=_prefix(home), dir=_room(home))) / "ray"
    shutil.rmtree(inside, ignore_errors=True)
    inside.mkdir(mode=0o700)
    return inside


def _room(home: Path) -> Path:
    chosen = Path(tempfile.gettempdir())
    made = len(f"/{_prefix(home)}12345678/ray") + SOCKET_SUFFIX
    fits = len(os.fsencode(chosen)) + made <= SOCKET_PATH_HARD and str(chosen).isascii()
    return chosen if fits else SHORT


def remove_ray_folder(home: Path, folder: Path) -> None:
    """Remove it if it is this home's; a copy of a home names the folder of another fleet."""
    outside = folder.parent.name.startswith(_prefix(home)) and folder.name == "ray"
    if folder == home / "ray" or outside:
        shutil.rmtree(folder.parent if outside else folder, ignore_errors=True)


def start(home: Path, folder: Path, workers: int, environment: Mapping[str, str]) -> "subprocess.Popen[bytes]":
    """Start the head in a session of its own, `workers` processes ahead. It holds the home's lock while it lives."""
    client, dashboard = free_port(), free_port(DASHBOARD_PORT)
    options = {
        "port": 0,
        "temp-dir": folder,
        "num-cpus": workers,
        "object-store-memory": OBJECT_STORE_BYTES,
        "dashboard-host": "127.0.0.1",
        "dashboard-port": dashboard,
        "dashboard-agent-listen-port": 0,
        "ray-client-server-port": client,
    }
    words = [word for name, value in options.items() for word in (f"--{name}", str(value))]
    ray = [sys.executable, "-m", "ray.scripts.scripts", "start", "--head", "--block", "--disable-usage-stats"]
    with _locked(home) as lock, (home / "head.log").open("wb") as log:
        return subprocess.Popen(  # noqa: S603 - Ray itself
            [*ray, *words],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=dict(environment),
            cwd=root(),  # Python finds modules there before Ray's
            start_new_session=True,
            pass_fds=(lock,),
        )


def wait_until_up(process: "subprocess.Popen[bytes]", home: Path, folder: Path) -> str:
    """The head's address. Raises FleetError if it ends, or is not up in time."""
    deadline = time.monotonic() + START_TIMEOUT_S
    while not (address := _address(folder)):
        if process.poll() is not None:
            raise FleetError(f"Ray did not start: {_last_line(home / 'head.log')} (all of it: {home / 'head.log'})")
        if time.monotonic() > deadline:
            raise FleetError(f"Ray was not up within {START_TIMEOUT_S:g} s; see {home / 'head.log'}")
        time.sleep(POLL_S)
    return address


def answers(address: str) -> bool:
    """Whether a Ray listens at HOST:PORT."""
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host, int(port)), PROBE_S).close()
    except (OSError, ValueError):
        return False
    return True


def dashboard_of(home: Path) -> str | None:
    """The address of Ray's dashboard, as the head told it."""
    told = _ANSI.sub("", (home / "head.log").read_text(errors="replace"))
    found = re.search(r"RAY_API_SERVER_ADDRESS='([^']+)'", told)
    return found[1] if found else None


def end(pid: int, within_s: float = END_TIMEOUT_S) -> None:
    """End the head and every process of its session: asked first, then made to. Call it while the head lives."""
    first = members(pid)
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + within_s
    while first & members(pid) and time.monotonic() < deadline:
        with suppress(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)  # ours if this very process started it
        time.sleep(POLL_S)
    for member in members(pid):  # their session is still the head's, so these are no strangers
        with suppress(ProcessLookupError):
            os.kill(member, signal.SIGKILL)
    deadline = time.monotonic() + KILLED_S
    while members(pid) and time.monotonic() < deadline:  # until then they hold their locks and write into their folder
        time.sleep(POLL_S)


def members(pid: int) -> set[int]:
    """Processes of the session that this one leads. A zombie is one while threads of it still hold files and locks."""
    found = set()
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            state, session, threads = fields[0], int(fields[3]), int(fields[17])
            if session == pid and (state not in "ZX" or threads > 1):
                found.add(int(folder.name))
    return found


@contextmanager
def _locked(home: Path) -> Iterator[int]:
    lock = exclusive(lock_of(home))
    if lock is None:
        raise HomeUnusable(f"a fleet is up in {home} already; `mnemosyne down` ends it")
    try:
        yield lock
    finally:
        os.close(lock)


def free_port(*wanted: int) -> int:
    """A port of this machine that nobody uses, the wanted one if possible."""
    for port in (*wanted, *random.sample(QUIET_PORTS, PORT_TRIES)):
        with suppress(OSError), socket.create_server(("", port)):
            return port
    raise FleetError("no port is free on this machine")


def _address(folder: Path) -> str:
    """What the head has written so far."""
    with suppress(FileNotFoundError):
        return (folder / ADDRESS_FILE).read_text().strip()
    return ""


def _prefix(home: Path) -> str:
    return f"mnemosyne-{hashlib.sha256(os.fsencode(home)).hexdigest()[:8]}-"


def _last_line(log: Path) -> str:
    lines = [line.strip() for line in _ANSI.sub("", log.read_text(errors="replace")).splitlines() if line.strip()]
    return lines[-1] if lines else "it said nothing"

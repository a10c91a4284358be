"""Runs one command and ends everything that came from it: when it ends, when it is told to, when its agent dies.

A process of its own between an agent and a command, because only a parent can adopt (PR_SET_CHILD_SUBREAPER) what the
command leaves behind, and only somebody who survives the agent can clean up after it. Standard library alone.

The agent holds the other end of the lifeline: whatever way that is closed, the command is over. The last word goes
into the report: JSON with `code`, `signal`, `stopped` (before its end), `left` (processes that would not die) and
`confined`; or `failed`, if it could not be started.
"""

import ctypes
import json
import os
import resource
import select
import signal
import sys
import time
from contextlib import suppress
from typing import Any

from actors.tools import landlock

PDEATHSIG, CAPBSET_DROP, CHILD_SUBREAPER = 1, 24, 36
"""Of prctl, from linux/prctl.h."""
CAPABILITIES = 64
KEPT_CAPABILITIES = {0, 1, 3, 4, 5, 6, 7, 10}
"""Of a command whose user is root, by their numbers in linux/capability.h: files of all owners, users, ports below
1024. Not, for one, to look into processes, which Landlock leaves to root."""
KILL_S = 3.0
ASKED = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
FAILED = 127

LIBC = ctypes.CDLL(None)

Spec = dict[str, Any]
"""argv, cwd, limits (of setrlimit, by name), nice, readable (None: everything), writable, tmp (where its own temporary
folder is made), pipes (stdin and stderr are the caller's), lifeline and report (descriptors)."""


def main(text: str) -> None:
    """Run what the spec says, as JSON."""
    spec: Spec = json.loads(text)
    lifeline, report = spec["lifeline"], spec["report"]
    for descriptor in (lifeline, report):
        os.set_inheritable(descriptor, False)
    _prctl(CHILD_SUBREAPER, 1)
    tmp = _folder(spec["tmp"])
    woken = _wake_on(signal.SIGCHLD, *ASKED)
    child = os.fork()
    if not child:
        _become(spec, tmp)
    for descriptor in (0, 1, 2):  # else a pipe's other side would never hear of its end
        os.dup2(os.open(os.devnull, os.O_RDWR), descriptor)
    status = _wait(child, lifeline, woken)
    left, late = _end_all(child)
    ended = status if status is not None else late
    _say(report, {**_told(ended), "stopped": status is None, "left": left})
    _remove(tmp)


def _told(status: int | None) -> dict[str, int | None]:
    if status is None:
        return {"code": None, "signal": None}
    by = os.WTERMSIG(status) if os.WIFSIGNALED(status) else None
    return {"code": None if by else os.waitstatus_to_exitcode(status), "signal": by}


def _prctl(option: int, value: int) -> None:
    with suppress(AttributeError, OSError):  # elsewhere than on Linux the process group has to do
        LIBC.prctl(option, value, 0, 0, 0)


def _folder(inside: str) -> str:
    folder = f"{inside}/mnemosyne-{os.getpid()}-{time.monotonic_ns():x}"
    os.mkdir(folder, 0o700)  # noqa: PTH102 - as in landlock.py
    return folder


def _remove(folder: str) -> None:
    import shutil

    shutil.rmtree(folder, ignore_errors=True)


def _wake_on(*signals: int) -> int:
    """A descriptor that can be read from once one of them came."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    for number in signals:
        signal.signal(number, lambda *_: None)
    return reading


def _become(spec: Spec, tmp: str) -> None:
    """The command, from here on."""
    try:
        launcher = os.getppid()
        os.setsid()
        _prctl(PDEATHSIG, signal.SIGKILL)
        if os.getppid() != launcher:
            os._exit(FAILED)
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGCHLD, signal.SIGPIPE, *ASKED):
            signal.signal(number, signal.SIG_DFL)
        for name, limit in spec["limits"].items():
            resource.setrlimit(getattr(resource, name), (limit, limit))
        os.nice(spec["nice"])
        os.environ["TMPDIR"] = tmp
        os.chdir(spec["cwd"])
        if not spec["pipes"]:
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            os.dup2(1, 2)
        readable = spec["readable"]
        if readable is not None:
            for capability in set(range(CAPABILITIES)) - KEPT_CAPABILITIES:
                _prctl(CAPBSET_DROP, capability)
        confined = readable is not None and landlock.restrict(readable, [*spec["writable"], tmp])
        _say(spec["report"], {"confined": confined})
        os.execvp(spec["argv"][0], spec["argv"])  # noqa: S606
    except BaseException as error:
        _say(spec["report"], {"failed": f"{type(error).__name__}: {error}"})
    finally:
        os._exit(FAILED)


def _say(report: int, what: dict[str, Any]) -> None:
    with suppress(OSError):  # nobody is left to hear it
        os.write(report, json.dumps(what).encode() + b"\n")


def _wait(child: int, lifeline: int, woken: int) -> int | None:
    """The status of the command once it ended; None if it is to be ended."""
    poll = select.poll()
    poll.register(lifeline, select.POLLIN)
    poll.register(woken, select.POLLIN)
    while True:
        ready = [descriptor for descriptor, _ in poll.poll()]
        came = os.read(woken, 4096) if woken in ready else b""
        for pid, status in _ended():
            if pid == child:
                return status
        if lifeline in ready or any(number in came for number in ASKED):
            return None


def _ended() -> list[tuple[int, int]]:
    """Children that ended, own and adopted, with their status."""
    found = []
    with suppress(ChildProcessError):
        while (one := os.waitpid(-1, os.WNOHANG))[0]:
            found.append(one)
    return found


def _end_all(child: int) -> tuple[int, int | None]:
    """End all that came from the command. Returns how many would not die, and the command's status if it ended here."""
    deadline, status = time.monotonic() + KILL_S, None
    with suppress(OSError):
        os.killpg(child, signal.SIGKILL)
    while True:
        # Stopped first: what is stopped starts nothing while the others are killed.
        for number in (signal.SIGSTOP, signal.SIGKILL):
            for pid in _descendants():
                with suppress(OSError):
                    os.kill(pid, number)
        status = next((how for pid, how in _ended() if pid == child), status)
        if not _has_children():
            return 0, status
        if time.monotonic() > deadline:
            return len(_descendants()), status
        time.sleep(0.002)


def _has_children() -> bool:
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True


def _descendants() -> list[int]:
    """All that came from this process and live, as far as /proc tells."""
    children: dict[int, list[int]] = {}
    with suppress(OSError):
        for name in os.listdir("/proc"):  # noqa: PTH208
            if name.isdigit():
                with suppress(OSError, ValueError, IndexError):
                    children.setdefault(_parent(name), []).append(int(name))
    found, look = [], [os.getpid()]
    while look:
        below = children.get(look.pop(), [])
        found += below
        look += below
    return found


def _parent(pid: str) -> int:
    with open(f"/proc/{pid}/stat", "rb") as file:  # noqa: PTH123
        state, parent = file.read().rpartition(b")")[2].split()[:2]  # a name may hold anything
    if state == b"Z":
        raise ValueError
    return int(parent)


if __name__ == "__main__":
    main(sys.argv[1])

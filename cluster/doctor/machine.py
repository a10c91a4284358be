"""Has the machine room for a fleet, and can the terminal show what it does?"""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from cluster.doctor.finding import Finding, broken, ok, warning

MIB = 1024 * 1024
GIB = 1024 * MIB

DISK_LOW = 1 * GIB
DISK_OUT = 64 * MIB
"""Less than this is used up by Ray's logs and a write-ahead log within minutes."""

MEMORY_LOW = 2 * GIB
"""An embedded fleet takes about 0.7 GiB; the local model and a browser beside it want the rest."""

PROC = Path("/proc")
CGROUP = Path("/sys/fs/cgroup")


def free_space(folder: Path) -> int:
    """Bytes that may still be written below this folder."""
    return shutil.disk_usage(folder).free


def disk(name: str, folder: Path, what: str, space: Callable[[Path], int] = free_space) -> Iterator[Finding]:
    """The free space where this folder is or will be."""
    free = space(existing(folder))
    told = f"{amount(free)} free for {what} ({folder})"
    cure = "free some space, or put it elsewhere: --home for the home, TMPDIR for Ray's files"
    if free < DISK_OUT:
        yield broken(name, told, cure)
    elif free < DISK_LOW:
        yield warning(name, told, cure)
    else:
        yield ok(name, told)


def existing(path: Path) -> Path:
    """The path, or the nearest one above it that exists."""
    return next((above for above in (path, *path.parents) if above.exists()), Path("/"))


def memory(proc: Path = PROC, cgroup: Path = CGROUP) -> Iterator[Finding]:
    """The memory that may still be taken: of the machine, and of the container if it has a limit."""
    free = [*_of_machine(proc / "meminfo"), *_of_container(cgroup)]
    if not free:
        yield ok("memory", "how much is free is not known on this system")
    elif min(free) < MEMORY_LOW:
        cure = "end other programs, or start fewer agents: --executors 1, and with `up` --pool ROLE=0"
        yield warning("memory", f"{amount(min(free))} free, {amount(MEMORY_LOW)} are wanted", cure)
    else:
        yield ok("memory", f"{amount(min(free))} free")


def _of_machine(meminfo: Path) -> Iterator[int]:
    for line in meminfo.read_text().splitlines() if meminfo.exists() else ():
        if line.startswith("MemAvailable:"):
            yield int(line.split()[1]) * 1024


def _of_container(cgroup: Path) -> Iterator[int]:
    limit, used, statistics = (cgroup / f"memory.{name}" for name in ("max", "current", "stat"))
    if not limit.exists() or limit.read_text().strip() == "max":
        return
    cache = [int(line.split()[1]) for line in statistics.read_text().splitlines() if line.startswith("inactive_file ")]
    yield int(limit.read_text()) - int(used.read_text()) + sum(cache)


def terminal(encoding: str | None) -> Iterator[Finding]:
    """What the terminal, or the file behind standard output, can show."""
    if (encoding or "").lower().replace("-", "") == "utf8":
        yield ok("terminal", "UTF-8")
    else:
        told = f"its encoding is {encoding or 'not known'}; characters that it lacks are shown as question marks"
        yield warning("terminal", told, "export LANG=C.UTF-8")


def amount(size: int) -> str:
    """As in 3.4 GiB."""
    return f"{size / GIB:.1f} GiB" if size >= GIB else f"{max(size, 0) / MIB:.0f} MiB"

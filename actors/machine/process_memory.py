"""The memory of this process: how much it holds, how much it can get, and who goes first when the machine has none."""

import os
import resource
from contextlib import suppress
from pathlib import Path

MIB = 1 << 20
PAGE = os.sysconf("SC_PAGE_SIZE")

NEEDED = 500
"""Ray gives its workers 1000, so that Linux ends one of them first, the largest. In between is: after every agent."""


def held_mb() -> int:
    """MiB that it holds and shares with nobody; 0 where the system does not tell."""
    with suppress(OSError):
        _, resident, shared, *_ = map(int, Path("/proc/self/statm").read_text().split())
        return (resident - shared) * PAGE // MIB
    return 0


def cap(more_mb: int) -> None:
    """From now on it gets at most so many MiB more: a MemoryError then, at once, however fast it grows.

    Only where the system counts what a process maps for itself and writes to (Linux).
    """
    with suppress(OSError, ValueError, StopIteration):  # a lower hard limit is as good
        status = Path("/proc/self/status").read_text().splitlines()
        data = next(int(line.split()[1]) for line in status if line.startswith("VmData:"))
        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        resource.setrlimit(resource.RLIMIT_DATA, (data * 1024 + more_mb * MIB, hard))


def outlive_agents() -> None:
    """Linux, when it has no memory left, ends agents before this process."""
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(str(NEEDED))

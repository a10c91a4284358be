"""The faults of benchmarks/recovery.py: each strikes one agent of a living fleet and tells whom and when."""

import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from benchmarks.living import Living

SEIZED_AFTER_S = 0.5
"""An item of this kind has its start on disk by then."""

MEMORY_MB = 400
"""What an agent may hold where memory is eaten: it takes seconds, not minutes, to get there."""

BY_ITEM = ("loop", "gil", "memory", "oom")
SCRIPT = [
    *(
        {"match": f"/{kind}/1", "delay_s": SEIZED_AFTER_S, "seize": "memory" if kind == "oom" else kind}
        for kind in BY_ITEM
    ),
    {"match": "work", "delay_s": 0.5},
]

CGROUPS = Path("/sys/fs/cgroup/memory")
CGROUP_ROOM = 200 << 20
"""Bytes that a process may take more before Linux ends it."""


class Struck(NamedTuple):
    """A fault."""

    agent: str
    generation: int
    at: float
    """Unix seconds."""


def by_signal(number: signal.Signals) -> Callable[[Living, int], Struck]:
    """Send it to an agent's process, one agent after the other."""

    def strike(living: Living, turn: int) -> Struck:
        agent = sorted(living.agents)[turn % len(living.agents)]
        process = living.agents[agent]
        at = time.time()
        os.kill(process.pid, number)
        return Struck(agent, process.generation, at)

    return strike


def by_item(kind: str) -> Callable[[Living, int], Struck]:
    """Run an item that does it in its first attempt."""

    def strike(living: Living, turn: int) -> Struck:
        key = f"{kind}-{turn}"
        living.start(key, [{"id": kind, "description": kind, "timeout": 3600}], "--detach").communicate()
        living.started.pop((kind, 1), None)
        living.until(lambda: (kind, 1) in living.started, f"the start of {key}")
        started = living.started[kind, 1]
        return Struck(started.agent, started.generation, started.at + SEIZED_AFTER_S)

    return strike


def over_memory(living: Living, turn: int) -> Struck:
    """The moment when the agent of such an item holds more than it may."""
    struck = by_item("memory")(living, turn)
    statm = Path(f"/proc/{living.agents[struck.agent].pid}/statm")
    while True:
        _, resident, shared, *_ = map(int, statm.read_text().split())
        if (resident - shared) * os.sysconf("SC_PAGE_SIZE") > MEMORY_MB << 20:
            return struck._replace(at=time.time())
        time.sleep(0.01)


def ended_by_linux(living: Living, turn: int) -> Struck:
    """Every agent gets a bounded share of memory; the moment when the one of such an item has ended."""
    for process in living.agents.values():
        group = CGROUPS / f"mnemosyne-{process.pid}"
        group.mkdir(exist_ok=True)
        (group / "memory.limit_in_bytes").write_text(str(CGROUP_ROOM))
        (group / "cgroup.procs").write_text(str(process.pid))
    struck = by_item("oom")(living, turn)
    status = Path(f"/proc/{living.agents[struck.agent].pid}/stat")
    with suppress(OSError):  # it is gone
        while status.read_text().rpartition(")")[2].split()[0] not in "ZX":
            time.sleep(0.005)
    return struck._replace(at=time.time())


def can_bound() -> bool:
    """Whether this process may give others a bounded share (cgroup v1, by root)."""
    try:
        probe = CGROUPS / f"mnemosyne-{os.getpid()}"
        probe.mkdir()
        (probe / "memory.limit_in_bytes").write_text(str(CGROUP_ROOM))
        probe.rmdir()
    except OSError:
        return False
    return True


def clean_up() -> None:
    """Remove the groups of processes that have ended."""
    for group in CGROUPS.glob("mnemosyne-*"):
        with suppress(OSError):  # one that is still in use
            group.rmdir()

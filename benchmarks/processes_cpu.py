"""CPU time of processes, as Linux counts it."""

import os
from collections.abc import Collection
from pathlib import Path

TICK_S = 1.0 / os.sysconf("SC_CLK_TCK")


def used_by(pid: int) -> float:
    """Seconds of a process with its living descendants; nothing of one that has ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) * TICK_S + cpu_below(pid)


def cpu_below(pid: int, without: Collection[int] = ()) -> float:
    """Seconds that the living descendants of a process have used, but those of `without`."""
    parents, used = dict[int, int](), dict[int, float]()
    for file in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = file.read_text().rsplit(")", 1)[1].split()
        except OSError:  # it has just ended
            continue
        one = int(file.parent.name)
        parents[one], used[one] = int(fields[1]), (int(fields[11]) + int(fields[12])) * TICK_S

    def is_below(one: int) -> bool:
        while one in parents and one not in without:
            one = parents[one]
            if one == pid:
                return True
        return False

    return sum(seconds for one, seconds in used.items() if is_below(one))

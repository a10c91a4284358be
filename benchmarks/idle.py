"""What a fleet costs that does nothing: how long `up` takes, and its memory over a bare Ray head.

    python -m benchmarks.idle [--rounds 5] [--executors 2]

Memory is the sum of PSS over the processes of the head's session, 10 s after the start: a page that several share
counts once. The bare head is started as `up` starts it, without any actor.
"""

import argparse
import contextlib
import json
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cluster.fleets import head
from cluster.home import config
from tests.support.fleets import fleet_up, session
from tests.support.processes import Commands

SETTLED_S = 10.0


def pss_mb(pid: int) -> float:
    """MB of one process."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024 / 1e6
    return 0.0


def footprint(pid: int) -> dict[str, float]:
    """MB by what the processes of this session call themselves."""
    found: dict[str, float] = defaultdict(float)
    for member, title in session(pid).items():
        with contextlib.suppress(OSError):  # it has just ended
            found[short(title)] += pss_mb(member)
    return dict(found)


def short(title: str) -> str:
    """A name of a process that fits in a table."""
    words = title.split()
    if words and words[0].startswith("ray::"):
        return words[0]
    return next((Path(word).name for word in words if "/ray/" in word), words[0] if words else "?")


@contextmanager
def bare_head(workers: int) -> Iterator[int]:
    """A head without actors; its process."""
    home = Path(tempfile.mkdtemp(prefix="mn-"))
    config.prepare_ray(home)
    folder = head.ray_folder(home)
    process = head.start(home, folder, workers, config.environment_of_head())
    try:
        head.wait_until_up(process, home, folder)
        yield process.pid
    finally:
        head.end(process.pid)
        head.remove_ray_folder(home, folder)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--executors", type=int, default=2)
    asked = parser.parse_args()
    with bare_head(asked.executors + 2) as pid:
        time.sleep(SETTLED_S)
        bare = footprint(pid)
    spent = list[float]()
    for left in range(asked.rounds, 0, -1):
        commands = Commands(Path(tempfile.mkdtemp(prefix="mn-")))
        begin = time.perf_counter()
        with fleet_up(commands, "--executors", str(asked.executors)) as fleet:
            spent.append(time.perf_counter() - begin)
            states = {agent["state"] for agent in json.loads(commands.run("agents", "--json")[1])}
            assert states == {"idle"}, states
            if left == 1:
                time.sleep(SETTLED_S)
                full = footprint(fleet.pid)
    print(f"up: median {statistics.median(spent):.1f} s, longest {max(spent):.1f} s, n={len(spent)}")
    for name in sorted({*bare, *full}, key=lambda name: -full.get(name, 0)):
        print(f"{name:40} {bare.get(name, 0):7.1f} {full.get(name, 0):7.1f} MB")
    print(f"{'all':40} {sum(bare.values()):7.1f} {sum(full.values()):7.1f} MB")
    print(f"over a bare head: {sum(full.values()) - sum(bare.values()):.0f} MB")


if __name__ == "__main__":
    main()

"""What was measured, part by part, as JSON beside the report that is made of it; and the machine it was measured on."""

import json
import os
import platform
import signal
import sys
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent.parent / "results"

Json = dict[str, Any]

BEFORE_S = 2.0
"""The part before has ended by then."""


def load() -> float:
    """Processes that want a core, over the last minute."""
    return round(os.getloadavg()[0], 2)


def busy(seconds: float = BEFORE_S) -> float:
    """Cores that others keep busy, seen for so long while this process only waits."""
    before, began = _worked_s(), time.monotonic()
    time.sleep(seconds)
    return round((_worked_s() - before) / (time.monotonic() - began), 2)


def _worked_s() -> float:
    """Of all cores since the machine began, without waiting for a disk."""
    user, nice, system, _, _, interrupts, soft, *_ = Path("/proc/stat").read_text().split()[1:9]
    return sum(map(int, (user, nice, system, interrupts, soft))) / os.sysconf("SC_CLK_TCK")


def machine() -> Json:
    """What the figures depend on."""
    cpus = Path("/proc/cpuinfo").read_text().splitlines()
    models = [line.partition(": ")[2] for line in cpus if line.startswith("model name")]
    return {
        "cpu": models[0] if models else platform.processor(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30, 1),
        "system": f"{platform.system()} {platform.release()}",
        "python": ".".join(map(str, sys.version_info[:3])),
    }


def run(part: str, figures: Iterable[Mapping[str, Any]]) -> None:
    """Keep what comes, each in place of the one before: who ends a measurement has what it came to, and no process
    of it stays."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    others, began, before = busy(), time.time(), load()
    for told in figures:
        keep(part, {"others": others, **told}, began, before)


def keep(part: str, figures: Mapping[str, Any], began: float, load_before: float) -> None:
    """Over what was kept of the part before. `began`: time.time()."""
    FOLDER.mkdir(exist_ok=True)
    when = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(began))
    about = {"at": when, "took_s": round(time.time() - began), "load": [load_before, load()], "machine": machine()}
    text = json.dumps({**about, **figures}, indent=1, ensure_ascii=False)
    (FOLDER / f"{part}.json").write_text(f"{text}\n", encoding="utf-8")


def kept(part: str) -> Json | None:
    """None: it was never measured."""
    path = FOLDER / f"{part}.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None

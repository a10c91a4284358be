"""What one node of a cluster tells of itself: the checks that hold for every machine, made there."""

import importlib.metadata
import platform
import tempfile
import time
from collections.abc import Iterable, Mapping
from itertools import chain
from pathlib import Path
from typing import Any

from actors.machine.build import BUILD
from actors.models.local import has_local_model
from actors.work import Frozen
from cluster.doctor import environment, home, machine, models, store
from cluster.doctor.finding import Check, Finding, found
from cluster.home import api_key, config


class Look(Frozen):
    """What came from a node, or why nothing came."""

    node: str
    """The beginning of its id and its address."""
    head: bool = False
    cpus: float = 0.0
    """That Ray counts."""
    trouble: str = ""
    build: str = ""
    python: str = ""
    ray: str = ""
    findings: tuple[Finding, ...] = ()
    skew_s: float = 0.0
    """At least so far its clock is before (+) or behind (-) that of whoever asks."""


def look(home_: str, *, head: bool) -> dict[str, Any]:
    """Run on a node: the fields of its Look, as JSON takes them. The store is looked at on the head alone."""
    checks = _checks(Path(home_), head=head)
    findings = chain.from_iterable(found(name, check) for name, check in checks.items())
    return {
        "build": BUILD,
        "python": platform.python_version(),
        "ray": importlib.metadata.version("ray"),
        "findings": [finding.model_dump(mode="json") for finding in findings],
    }


def clock() -> float:
    """Run on a node: its Unix seconds."""
    return time.time()


def skew(asked: float, told: float, heard: float) -> float:
    """What its clock differs by for certain, when it was read between `asked` and `heard` of ours."""
    return min(told - asked, 0.0) or max(told - heard, 0.0)


def _checks(folder: Path, *, head: bool) -> Mapping[str, Check]:
    lock = config.root() / "requirements.lock"
    checks: dict[str, Check] = {
        "packages": lambda: environment.packages(lock, environment.installed),
        "memory": machine.memory,
        "temp": lambda: machine.disk("temp", Path(tempfile.gettempdir()), "Ray's files"),
        "disk": lambda: machine.disk("disk", folder, "the home"),
        "home": lambda: home.home(folder),
        "key": _key,
    }
    return {**checks, "store": store.checks(lambda: config.store_path(folder))["store"]} if head else checks


def _key() -> Iterable[Finding]:
    return models.key(api_key.find_key, local=has_local_model())

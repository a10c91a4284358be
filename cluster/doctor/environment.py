"""Is the code run by the Python and the packages that it was tested with?"""

import importlib.metadata
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from cluster.doctor.finding import Finding, broken, ok, warning

PYTHONS = ((3, 11), (3, 13))
"""From, and up to but without."""

PACKAGES = ("ray", "anthropic", "apsw", "pydantic", "typer")

SETUP = "./mnemosyne --setup"

WAL_RESET = ((3, 7, 0), (3, 51, 3))
"""SQLite versions that can corrupt a store in WAL mode, from and up to but without; sqlite.org/wal.html names it."""
WAL_RESET_MENDED = ((3, 44, 6), (3, 50, 7))
"""Versions to which the mending was taken back, each with the later ones of its line."""


def python(version: tuple[int, ...], executable: str) -> Iterator[Finding]:
    """The interpreter."""
    told, (first, beyond) = f"{'.'.join(map(str, version[:3]))} ({executable})", PYTHONS
    if first <= version[:2] < beyond:
        yield ok("python", told)
    else:
        yield broken("python", f"{told} is not supported", "install Python 3.11 or 3.12, then start with ./mnemosyne")


def environment(lock: Path, prefix: Path) -> Iterator[Finding]:
    """The environment below `prefix` against the lock file; the launcher keeps a copy of what it installed."""
    installed = prefix / "installed.lock"
    if not installed.exists():
        yield warning("environment", f"{prefix} was not made from {lock.name}", "start with ./mnemosyne")
    elif installed.read_text(encoding="utf-8") != lock.read_text(encoding="utf-8"):
        yield warning("environment", f"{prefix} is not up to date with {lock.name}", SETUP)
    else:
        yield ok("environment", f"{prefix} holds what {lock.name} says")


def installed(name: str) -> str | None:
    """The version of a package; None if it is not there."""
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def packages(lock: Path, version_of: Callable[[str], str | None]) -> Iterator[Finding]:
    """The packages that matter most, against the lock file."""
    locked = dict(re.findall(r"^([a-z0-9.-]+)==([^\s;\\]+)", lock.read_text(encoding="utf-8"), re.MULTILINE))
    versions = {name: version_of(name) for name in PACKAGES}
    missing = [name for name, version in versions.items() if version is None]
    other = [
        f"{name} {version} instead of {locked.get(name)}"
        for name, version in versions.items()
        if version not in (None, locked.get(name))
    ]
    if missing:
        yield broken("packages", f"{', '.join(missing)} cannot be found", SETUP)
    if other:
        yield warning("packages", ", ".join(other), SETUP)
    if not missing and not other:
        yield ok("packages", ", ".join(f"{name} {version}" for name, version in versions.items()))


def sqlite(version: str) -> Iterator[Finding]:
    """The SQLite that comes with apsw."""
    numbers = tuple(int(part) for part in version.split("."))[:3]
    first, beyond = WAL_RESET
    mended = any(since <= numbers and since[:2] == numbers[:2] for since in WAL_RESET_MENDED)
    if first <= numbers < beyond and not mended:
        yield broken("sqlite", f"SQLite {version} can corrupt a store (its WAL-reset bug)", SETUP)
    else:
        yield ok("sqlite", f"SQLite {version}")

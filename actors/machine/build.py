"""Which sources a process runs: two processes of one fleet that differ would read each other's values wrongly."""

import hashlib
from pathlib import Path

ROOMS = ("actors", "cluster", "dashboards")
KINDS = ("*.py", "*.md")


def build_of(root: Path) -> str:
    """The first 12 hex digits of the SHA-256 over the sources and prompts below `root`."""
    digest = hashlib.sha256()
    for room in ROOMS:
        found = (path for kind in KINDS for path in (root / room).rglob(kind))
        for file in sorted(path for path in found if not path.name.startswith(".")):  # an editor's own
            digest.update(f"{file.relative_to(root).as_posix()}\0{file.stat().st_size}\0".encode())
            digest.update(file.read_bytes())
    return digest.hexdigest()[:12]


BUILD = build_of(Path(__file__).resolve().parents[2])
"""Of this process, read when it started."""

"""Environments of the systems that we measure ourselves against: made when one is asked for, never a dependency."""

import shutil
import subprocess
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent


def python_of(peer: str) -> Path:
    """The interpreter of the peer's environment, which has exactly what its requirements.txt pins.

    Raises subprocess.CalledProcessError with what uv said if it cannot be made.
    """
    folder = ROOT / ".tools" / "peers" / peer
    python, wanted, installed = (
        folder / "bin" / "python",
        Path(__file__).parent / peer / "requirements.txt",
        folder / "installed",
    )
    if installed.exists() and installed.read_bytes() == wanted.read_bytes():
        return python
    if not python.exists():
        _uv("venv", "--quiet", "--python", "3.11", str(folder))
    _uv("pip", "sync", "--quiet", "--require-hashes", "--python", str(python), str(wanted))
    shutil.copy(wanted, installed)
    return python


def versions(*peers: str) -> dict[str, str]:
    """What the environments of these are made for, or those of all, and Ray's."""
    files = [Path(__file__).parent / peer / "requirements.in" for peer in peers]
    pins = [line for file in files or Path(__file__).parent.glob("*/requirements.in") for line in file.open()]
    return {"ray": version("ray"), **dict(pin.strip().split("==") for pin in pins)}


def lock(peer: str) -> None:
    """Write its requirements.txt anew from its requirements.in, and overrides.txt if there is one."""
    folder = Path(__file__).parent / peer
    overrides = folder / "overrides.txt"
    options = ["--overrides", str(overrides)] if overrides.exists() else []
    told = ["--universal", "--generate-hashes", "--no-header", "--no-annotate", "--python-version", "3.11", "--quiet"]
    out = str(folder / "requirements.txt")
    _uv("pip", "compile", *told, *options, str(folder / "requirements.in"), "--output-file", out)


def _uv(*arguments: str) -> None:
    """As the launcher finds it."""
    program = shutil.which("uv") or str(ROOT / ".tools" / "uv" / "bin" / "uv")
    subprocess.run([program, *arguments], check=True, cwd=ROOT, capture_output=True, text=True)


if __name__ == "__main__":
    for of in sorted(path.parent.name for path in Path(__file__).parent.glob("*/requirements.in")):
        lock(of)

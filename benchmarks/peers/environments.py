"""Environments of the systems that we measure ourselves against: made when one is asked for, never a dependency."""

import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent


def python_of(peer: str) -> Path:
    """The interpreter of the peer's environment, which has exactly what its requirements.txt pins."""
    folder = ROOT / ".tools" / "peers" / peer
    python, uv = folder / "bin" / "python", _uv()
    if not python.exists():
        subprocess.run([uv, "venv", "--quiet", "--python", "3.11", str(folder)], check=True)
    wanted = str(Path(__file__).parent / peer / "requirements.txt")
    sync = [uv, "pip", "sync", "--quiet", "--require-hashes", "--python", str(python), wanted]
    subprocess.run(sync, check=True, cwd=ROOT)
    return python


def _uv() -> str:
    """As the launcher finds it."""
    return shutil.which("uv") or str(ROOT / ".tools" / "uv" / "bin" / "uv")

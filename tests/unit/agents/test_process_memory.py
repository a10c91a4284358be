"""How much memory a process holds, and the most that it gets: in processes of their own."""

import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells and holds")


def told(code: str) -> str:
    """What such a process prints."""
    script = f"from actors.machine import process_memory\n{code}"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    return done.stdout.strip()


def test_what_is_written_to_is_held() -> None:
    before, after = told(
        "b = process_memory.held_mb(); x = b'x' * (100 << 20); print(b, process_memory.held_mb())"
    ).split()
    assert 95 <= int(after) - int(before) <= 105


def test_over_the_cap_there_is_a_memory_error_and_the_process_goes_on() -> None:
    code = """
process_memory.cap(200)
few = b"x" * (100 << 20)
try:
    many = b"x" * (200 << 20)
except MemoryError:
    print("refused", len(few) >> 20, len(b"x" * (50 << 20)) >> 20)
"""
    assert told(code) == "refused 100 50"


def test_agents_go_first() -> None:
    code = """
from pathlib import Path
Path("/proc/self/oom_score_adj").write_text("1000")
process_memory.outlive_agents()
print(Path("/proc/self/oom_score_adj").read_text())
"""
    assert told(code) == "500"

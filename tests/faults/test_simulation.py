"""The simulator at length."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.mark.faults
@pytest.mark.timeout(900)
@pytest.mark.parametrize("options", [("--seeds", "10000"), ("--seeds", "100", "--strikes")])
def test_every_seed_holds(options: tuple[str, ...]) -> None:
    command = [sys.executable, "-m", "tests.simulation", *options]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr

"""A run's lock tells whether it is driven; the term in the journal is what decides."""

import subprocess
import sys
from pathlib import Path

import pytest

from actors.errors import RunDriven
from actors.stores.protocol import RunRecord
from cluster.driving.lease import is_driven, lease, lock_file, refuse_if_driven
from tests.support.processes import ROOT


def record(term: int = 0, driver: str | None = None) -> RunRecord:
    return RunRecord("r", None, "r", "digest", "scripted", term, driver, 1, 1)


def test_a_run_is_driven_from_before_the_claim_to_the_end(tmp_path: Path) -> None:
    assert not is_driven(tmp_path, record())
    with lease(tmp_path, record()):
        assert is_driven(tmp_path, record()), "about to be claimed"
        assert is_driven(tmp_path, record(1, "first")), "claimed"
    assert not is_driven(tmp_path, record(1, "first"))


def test_a_second_driver_is_refused_and_told_who_drives(tmp_path: Path) -> None:
    with lease(tmp_path, record()):
        with pytest.raises(RunDriven, match=r"driven by first .term 1.*--take-over"):
            refuse_if_driven(tmp_path, record(1, "first"))
        with pytest.raises(RunDriven, match="another driver is taking run r"), lease(tmp_path, record()):
            pass
    refuse_if_driven(tmp_path, record(1, "first"))


def test_the_next_term_can_be_taken_while_the_last_one_is_held(tmp_path: Path) -> None:
    with lease(tmp_path, record()), lease(tmp_path, record(1, "first")):
        assert is_driven(tmp_path, record(2, "second"))


def test_the_lock_ends_with_its_process_and_leaves_one_file_at_most(tmp_path: Path) -> None:
    told = "from cluster.driving.lease import lease; from tests.unit.driving.test_lease import record"
    told = f"{told}\nimport os, signal, pathlib"
    script = f"{told}\nwith lease(pathlib.Path({str(tmp_path)!r}), record()): os.kill(os.getpid(), signal.SIGKILL)"
    killed = subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=False, capture_output=True)
    assert killed.returncode == -9, killed.stderr
    assert lock_file(tmp_path, "r", 1).exists()
    assert not is_driven(tmp_path, record(1, "killed"))
    with lease(tmp_path, record(1, "killed")):
        assert [file.name for file in (tmp_path / "runs" / "r").iterdir()] == ["driver-2.lock"]
    assert not list((tmp_path / "runs" / "r").iterdir())

"""The home of a fleet that is up: who may start one, how it is found, how it is ended."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from actors.build import build_of
from actors.errors import FleetError, HomeUnusable
from cluster import fleet_file, head
from cluster.fleet_file import FleetFile
from cluster.locks import exclusive
from tests.fleets import session


def file(home: Path, state: str = "up") -> FleetFile:
    told = {"state": state, "since": 1.0, "build": "b", "pid": 1, "folder": str(home / "ray"), "agents": ["executor-0"]}
    return FleetFile.model_validate_json(json.dumps(told))


def test_a_fleet_is_up_while_its_head_lives(tmp_path: Path) -> None:
    assert fleet_file.living(tmp_path) is None
    fleet_file.write(tmp_path, file(tmp_path))
    assert fleet_file.living(tmp_path) is None, "its head has died"
    lock = exclusive(head.lock_of(tmp_path))
    assert lock is not None
    assert fleet_file.living(tmp_path) == file(tmp_path)
    assert fleet_file.path_of(tmp_path).stat().st_mode & 0o777 == 0o600
    fleet_file.write(tmp_path, file(tmp_path, "starting"))
    assert fleet_file.living(tmp_path) is None, "it is not up yet"
    os.close(lock)


def test_a_file_of_somebody_else_is_refused(tmp_path: Path) -> None:
    fleet_file.path_of(tmp_path).write_text("{}")
    with pytest.raises(HomeUnusable, match=r"fleet.json cannot be read"):
        fleet_file.living(tmp_path)


def test_a_home_whose_path_is_too_long_for_sockets_gets_a_folder_elsewhere(tmp_path: Path) -> None:
    short, long = Path("/") / "h", tmp_path / ("x" * 80)
    assert len(str(short / "ray")) + head.SOCKET_SUFFIX < head.SOCKET_PATH_MAX
    long.mkdir()
    folder = head.ray_folder(long)
    assert not folder.is_relative_to(long)
    assert not list(folder.iterdir())
    folder.rmdir()


def test_a_head_that_ends_at_once_is_refused_with_its_last_words(tmp_path: Path) -> None:
    (tmp_path / "head.log").write_text("\x1b[31mport 1 is taken\x1b[0m\n\n")
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    with pytest.raises(FleetError, match="Ray did not start: port 1 is taken"):
        head.wait_until_up(ended, tmp_path, tmp_path)


def test_the_end_takes_the_whole_session_and_nobody_else() -> None:
    deaf = "import signal, subprocess, sys, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    child = f"{deaf}print('up', flush=True)\ntime.sleep(60)"
    leader = f"{deaf}p = subprocess.Popen([sys.executable, '-c', {child!r}], process_group=0)\ntime.sleep(60)"
    began = subprocess.Popen([sys.executable, "-c", leader], stdout=subprocess.PIPE, start_new_session=True)
    assert began.stdout
    assert began.stdout.readline() == b"up\n"
    other = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    assert len(session(began.pid)) == 2
    head.end(began.pid, within_s=0.2)
    assert began.wait(10) == -signal.SIGKILL
    assert not session(began.pid)
    assert other.poll() is None
    other.kill()
    other.wait()
    began.stdout.close()


def test_the_build_changes_with_any_source_and_with_nothing_else(tmp_path: Path) -> None:
    for room in ("actors", "cluster", "dashboards"):
        (tmp_path / room).mkdir()
        (tmp_path / room / "a.py").write_text("x = 1\n")
    first = build_of(tmp_path)
    (tmp_path / "cluster" / "a.pyc").write_text("x")
    (tmp_path / "README.md").write_text("x")
    assert build_of(tmp_path) == first
    (tmp_path / "actors" / "prompt.md").write_text("x")
    second = build_of(tmp_path)
    (tmp_path / "cluster" / "a.py").rename(tmp_path / "cluster" / "b.py")
    assert len({first, second, build_of(tmp_path)}) == 3

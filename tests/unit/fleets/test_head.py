"""The home of a fleet that is up: who may start one, how it is found, how it is ended."""

import json
import os
import platform
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from actors.errors import FleetError, HomeUnusable
from actors.machine.build import build_of
from cluster.fleets import fleet_file, head
from cluster.fleets.fleet_file import FleetFile
from cluster.fleets.up import end_a_torso
from cluster.home.locks import exclusive
from tests.support.fleets import session


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
    assert folder.parent.stat().st_mode & 0o777 == 0o700, "Ray opens its own folder to everybody"
    head.remove_ray_folder(long, folder)
    assert not folder.parent.exists()


@pytest.mark.parametrize("name", ["", "x" * 40, "\u00f6"])
def test_a_folder_for_temporary_files_that_is_none_for_sockets_is_not_taken(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    room, home = tmp_path / name, tmp_path / ("x" * 80)
    room.mkdir(exist_ok=True)
    monkeypatch.setattr(tempfile, "tempdir", str(room))
    folder = head.ray_folder(home)
    try:
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(str(folder / ("x" * (head.SOCKET_SUFFIX - 1))))
    finally:
        head.remove_ray_folder(home, folder)
    assert not folder.parent.exists()


def test_a_home_that_is_not_ascii_gets_a_folder_elsewhere(tmp_path: Path) -> None:
    home = Path("/h\u00f6me")
    folder = head.ray_folder(home)
    assert str(folder).isascii()
    head.remove_ray_folder(tmp_path, folder)
    assert folder.exists(), "it is another home's"
    head.remove_ray_folder(home, folder)
    assert not folder.parent.exists()


def test_what_a_copied_home_names_is_left_alone(tmp_path: Path) -> None:
    home, copy = tmp_path / "home", tmp_path / "copy"
    (home / "ray").mkdir(parents=True)
    copy.mkdir()
    fleet_file.write(copy, file(home))
    end_a_torso(copy)
    assert (home / "ray").is_dir()
    assert fleet_file.read(copy) is None
    end_a_torso(home)
    fleet_file.write(home, file(home))
    end_a_torso(home)
    assert not (home / "ray").exists()


def test_a_port_that_is_free_is_none_that_a_connection_may_get() -> None:
    port = head.free_port()
    with socket.create_server(("127.0.0.1", port)):
        assert head.free_port(port) in set(head.QUIET_PORTS) - {port}


def test_the_one_that_only_looks_at_the_lock_is_not_the_head(tmp_path: Path) -> None:
    head.lock_of(tmp_path).touch()
    told = f"import sys, time\nopened = open({str(head.lock_of(tmp_path))!r})\nprint('up', flush=True)\ntime.sleep(60)"
    for leads in (False, True):
        with subprocess.Popen([sys.executable, "-c", told], stdout=subprocess.PIPE, start_new_session=leads) as looking:
            assert looking.stdout
            assert looking.stdout.readline() == b"up\n"
            assert head.pid_of(tmp_path) == (looking.pid if leads else None)
            looking.kill()


def test_an_address_that_is_not_written_yet_is_waited_for(tmp_path: Path) -> None:
    (tmp_path / head.ADDRESS_FILE).touch()
    (tmp_path / "head.log").touch()
    with subprocess.Popen([sys.executable, "-c", ""]) as ended, pytest.raises(FleetError, match="it said nothing"):
        head.wait_until_up(ended, tmp_path, tmp_path)


def test_a_head_that_ends_at_once_is_refused_with_its_last_words(tmp_path: Path) -> None:
    (tmp_path / "head.log").write_text("\x1b[31mport 1 is taken\x1b[0m\n\n")
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    with pytest.raises(FleetError, match="Ray did not start: port 1 is taken"):
        head.wait_until_up(ended, tmp_path, tmp_path)


EXIT = {"x86_64": 60, "aarch64": 93}
"""The system call that ends one thread."""


@pytest.mark.skipif(platform.machine() not in EXIT, reason="the number of a system call")
def test_a_process_is_not_over_while_threads_of_it_hold_its_locks(tmp_path: Path) -> None:
    """Its first thread may end first: Linux calls it a zombie then. Seen when a store was killed amid a commit."""
    held = tmp_path / "held"
    program = (
        "import ctypes, fcntl, threading, time",
        f"lock = open({str(held)!r}, 'w')",
        "fcntl.flock(lock, fcntl.LOCK_EX)",
        "threading.Thread(target=time.sleep, args=(60,)).start()",
        "print('up', flush=True)",
        f"ctypes.CDLL(None).syscall({EXIT[platform.machine()]}, 0)",
    )
    began = subprocess.Popen([sys.executable, "-c", "\n".join(program)], stdout=subprocess.PIPE, start_new_session=True)
    assert began.stdout
    assert began.stdout.readline() == b"up\n"
    while Path(f"/proc/{began.pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z":
        assert began.poll() is None
    assert head.members(began.pid) == {began.pid}
    assert exclusive(held) is None
    head.end(began.pid, within_s=0.2)
    assert not head.members(began.pid)
    lock = exclusive(held)
    assert lock is not None
    os.close(lock)
    began.wait()
    began.stdout.close()


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
    (tmp_path / "cluster" / ".#a.py").symlink_to("an editor's lock")
    assert build_of(tmp_path) == first
    (tmp_path / "actors" / "prompt.md").write_text("x")
    second = build_of(tmp_path)
    (tmp_path / "cluster" / "a.py").rename(tmp_path / "cluster" / "b.py")
    assert len({first, second, build_of(tmp_path)}) == 3

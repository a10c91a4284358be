"""A disk that is full in the middle of a run: nothing is lost, nothing is paid twice, and it goes on by itself."""

import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from actors.events import ItemClosed
from tests.messages_server import Latency, serving
from tests.support.fleets import Paid
from tests.support.processes import ended, paid

pytestmark = [pytest.mark.faults, pytest.mark.timeout(300)]

ITEMS = 200
FULL_S = 5.0


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 32 MB of its own."""
    folder = tmp_path / "disk"
    folder.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=32m", "tmpfs", str(folder)], check=False)
    if done.returncode or os.geteuid():
        pytest.skip("needs the right to mount a file system")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(folder: Path) -> Path:
    """A file that takes all the room there is."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file:
        for size in (1 << 20, 1 << 12, 1):
            try:
                while True:
                    file.write(b"x" * size)
            except OSError:
                continue
    return filler


def test_a_full_disk_holds_a_run_up_and_nothing_else(small_disk: Path, tmp_path: Path) -> None:
    with serving() as server:
        server.latency = Latency(base_s=0.2)
        commands = Paid(tmp_path, server)
        commands.home = small_disk / "home"
        process = commands.start("run", commands.wide(ITEMS), "--key", "k", "--executors", "2", "--concurrency", "4")
        commands.wait("k", lambda event: isinstance(event, ItemClosed), process)
        filler = fill(small_disk)
        before = -1
        while before != (before := len(commands.events("k"))):  # what is written until nothing fits any more
            time.sleep(FULL_S / 2)
        assert process.poll() is None, "the run waits"
        assert 0 < len(paid(commands.events("k"))) < ITEMS
        filler.unlink()
        assert ended(process) == 0
        assert sorted(paid(commands.events("k"))) == sorted(f"i{n}" for n in range(ITEMS))
        assert commands.twice == 0
        assert len(list((small_disk / "home" / "runs").glob("*/i*.md"))) == ITEMS
        assert commands.run("store", "check")[0] == 0

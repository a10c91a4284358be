"""One `up` or `down` at a time: who waits is told for whom, and who is in a hurry does not wait for calls in flight."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from pathlib import Path

import pytest

from actors.stores.holder import is_held
from cluster.fleets import turn

LONG_S = 20.0
DRAINS = """
import asyncio, sys
from pathlib import Path
from cluster.fleets import turn
home = Path(sys.argv[1])
with turn.changing(home, print):
    print("has it", flush=True)
    print(asyncio.run(turn.unless_hurried(home, asyncio.sleep(60))), flush=True)
"""
HURRIES = """
import sys
from pathlib import Path
from cluster.fleets import turn
with turn.changing(Path(sys.argv[1]), lambda line: print("waits", flush=True), hurry=True, silent_s=0):
    raise SystemExit("it was not its turn")
"""


@contextmanager
def process(code: str, home: Path, says: str) -> Iterator["subprocess.Popen[str]"]:
    """One that runs this code, once it has said so."""
    with subprocess.Popen([sys.executable, "-c", code, str(home)], stdout=subprocess.PIPE, text=True) as made:
        assert made.stdout
        try:
            assert made.stdout.readline().strip() == says
            yield made
        finally:
            made.kill()


def test_whoever_waits_is_told_for_whom_and_whether_that_one_is_stopped(tmp_path: Path) -> None:
    told: list[str] = []
    with process(DRAINS, tmp_path, "has it") as first:

        def tell(line: str) -> None:
            told.append(line)
            os.kill(first.pid, signal.SIGSTOP if len(told) == 1 else signal.SIGKILL)

        with turn.changing(tmp_path, tell, silent_s=0):
            assert first.wait(LONG_S) == -signal.SIGKILL
    assert told[0] == f"Waiting for process {first.pid}, another `up` or `down` of this home …"
    assert f"Process {first.pid}," in told[1]
    assert f"`kill -CONT {first.pid}`" in told[1]


def test_whoever_gets_it_soon_is_told_nothing(tmp_path: Path) -> None:
    told: list[str] = []

    def second() -> None:
        with turn.changing(tmp_path, told.append, silent_s=LONG_S):
            told.append("has it")

    with ThreadPoolExecutor(1) as thread:
        with turn.changing(tmp_path, told.append):
            waiting = thread.submit(second)
            assert not wait([waiting], 2 * turn.POLL_S).done
        waiting.result(LONG_S)
    assert told == ["has it"]


def test_a_hurry_ends_the_waiting_for_calls_in_flight(tmp_path: Path) -> None:
    with process(DRAINS, tmp_path, "has it") as draining, turn.changing(tmp_path, print, hurry=True):
        assert draining.communicate(timeout=LONG_S)[0] == "False\n"
        assert draining.returncode == 0


def test_the_command_does_not_wait_for_calls_in_flight_of_another(tmp_path: Path) -> None:
    down = [sys.executable, "-m", "cluster", "down", "--now", "--home", str(tmp_path)]
    with process(DRAINS, tmp_path, "has it") as draining:
        done = subprocess.run(down, capture_output=True, text=True, timeout=2 * LONG_S, check=False)
        assert (done.returncode, "No fleet is up" in done.stdout) == (0, True), done.stderr
        assert draining.communicate(timeout=LONG_S)[0] == "False\n"


def test_whoever_is_in_no_hurry_lets_it_end(tmp_path: Path) -> None:
    async def work() -> None:
        await asyncio.sleep(3 * turn.POLL_S)

    with turn.changing(tmp_path, print):
        assert asyncio.run(turn.unless_hurried(tmp_path, work()))


def test_what_goes_wrong_in_the_work_is_raised(tmp_path: Path) -> None:
    async def work() -> None:
        raise ValueError("so it goes")

    with pytest.raises(ValueError, match="so it goes"):
        asyncio.run(turn.unless_hurried(tmp_path, work()))


def test_one_in_a_hurry_that_was_killed_hurries_nobody(tmp_path: Path) -> None:
    with turn.changing(tmp_path, print):
        with process(HURRIES, tmp_path, "waits") as hurries:
            deadline = time.monotonic() + LONG_S
            while not is_held(tmp_path / "fleet-now"):
                assert time.monotonic() < deadline
                time.sleep(turn.POLL_S)
            hurries.kill()
            hurries.wait(LONG_S)
        assert asyncio.run(turn.unless_hurried(tmp_path, asyncio.sleep(2 * turn.POLL_S)))

"""A hold on a process: ends it whatever state it is in, and nobody else."""

import os
import signal
import subprocess
import sys

import pytest

from actors.machine.grip import Grip

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has it")


@pytest.fixture
def sleeper() -> "subprocess.Popen[bytes]":
    return subprocess.Popen([sys.executable, "-c", "import time; time.sleep(100)"])


def test_a_process_that_is_stopped_ends_at_once(sleeper: "subprocess.Popen[bytes]") -> None:
    grip = Grip(sleeper.pid)
    os.kill(sleeper.pid, signal.SIGSTOP)
    grip.kill()
    assert sleeper.wait(10) == -signal.SIGKILL
    grip.kill()
    grip.release()


def test_one_that_was_let_go_lives(sleeper: "subprocess.Popen[bytes]") -> None:
    grip = Grip(sleeper.pid)
    grip.release()
    grip.release()
    grip.kill()
    assert sleeper.poll() is None
    sleeper.kill()
    sleeper.wait()


def test_one_that_has_ended_holds_nothing(sleeper: "subprocess.Popen[bytes]") -> None:
    sleeper.kill()
    sleeper.wait()
    Grip(sleeper.pid).kill()

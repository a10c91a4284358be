"""Processes that carry out work graphs when they are asked to, and what they use meanwhile."""

import json
import os
import select
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

from benchmarks.peers.environments import ROOT
from benchmarks.processes_cpu import used_by
from benchmarks.rest import Rest
from benchmarks.starts import Start, Starts

END_S = 30.0
PATIENCE_S = 300.0


class Player:
    """A process that answers; between its turns it may rest."""

    def __init__(self, start: Start) -> None:
        environment = {**os.environ, "PYTHONPATH": str(ROOT), **start.environment}
        self._said = tempfile.TemporaryFile("w+")  # noqa: SIM115 - as long as the process
        self._process = subprocess.Popen(
            start.command,
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._said,
            text=True,
            start_new_session=True,
        )
        self._tops = [self._process.pid, *([start.server] if start.server else [])]
        self._rest: Rest | None = None
        try:
            self.versions: Mapping[str, str] = self._heard()
        except BaseException:
            self.close()
            raise

    @property
    def pid(self) -> int:
        """Of the process, which leads its session."""
        return self._process.pid

    def cpu_s(self) -> float:
        """What its living processes have used, and those of its server."""
        return sum(map(used_by, self._tops))

    def rest(self) -> None:
        """None of its processes runs until it is woken."""
        if self._rest is None:
            self._rest = Rest(self._tops)

    def wake(self) -> None:
        """They run again."""
        if self._rest is not None:
            self._rest.end()
            self._rest = None

    def play(self, **asked: Any) -> Mapping[str, Any]:
        """The answer to a line, of one who is awake. Raises RuntimeError if there is none."""
        assert self._rest is None
        assert self._process.stdin
        with suppress(OSError):  # it has ended; what it said then is told below
            self._process.stdin.write(f"{json.dumps(asked)}\n")
            self._process.stdin.flush()
        return self._heard()

    def _heard(self) -> Mapping[str, Any]:
        assert self._process.stdout
        if not select.select([self._process.stdout], [], [], PATIENCE_S)[0]:
            raise RuntimeError(f"no answer in {PATIENCE_S:g} s")
        line = self._process.stdout.readline()
        if not line:
            code = self._process.wait()
            self._said.seek(0)
            raise RuntimeError(f"the process ended with {code}: {self._said.read()[-2000:]}")
        told: Mapping[str, Any] = json.loads(line)
        return told

    def close(self) -> None:
        """It ends when nobody asks any more, in half a minute by force, with all of its group."""
        self.wake()
        assert self._process.stdin
        try:
            with suppress(OSError):  # what it was not there to read
                self._process.stdin.close()
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(END_S)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)
            with self._said, self._process:
                pass


@contextmanager
def playing(starts: Starts) -> Iterator[tuple[dict[str, Player], dict[str, str]]]:
    """Players by name, all of them at rest, and why others do not play."""
    players, missing = dict[str, Player](), dict[str, str]()
    with ExitStack() as opened:
        for name, start in starts.items():
            try:
                players[name] = Player(opened.enter_context(start()))
            except (OSError, RuntimeError, AssertionError, subprocess.CalledProcessError) as error:
                missing[name] = reason(error)
                continue
            opened.callback(players[name].close)
            players[name].rest()
        yield players, missing


def reason(error: Exception) -> str:
    """In a line: of a program that failed, the last one that it said."""
    said = getattr(error, "stderr", None) or str(error)
    return f"{type(error).__name__}: {said.strip().splitlines()[-1] if said.strip() else ''}"

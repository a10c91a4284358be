"""Processes that do not run for a while, so that they take nothing from the one whose turn it is."""

import os
import signal
import subprocess
from collections.abc import Iterable
from contextlib import suppress

from tests.support.processes import descendants

WAKE = 'cat >/dev/null; kill -CONT "$@"'
"""Until its input ends, be it because whoever holds it died: nothing is left that waits for ever."""


class Rest:
    """These processes and all below them are stopped, until `end`, or until this process dies."""

    def __init__(self, tops: Iterable[int]) -> None:
        self._tops, self._guards = list(tops), list[subprocess.Popen[bytes]]()
        stopped = set[int]()
        while new := self._all() - stopped:  # what one of them started before it stopped
            self._stop(new)
            stopped |= new

    def _all(self) -> set[int]:
        return {pid for top in self._tops for pid in (top, *(child for child, _ in descendants(top)))}

    def _stop(self, pids: set[int]) -> None:
        guard = ["sh", "-c", WAKE, "wake", *map(str, pids)]
        quiet = subprocess.DEVNULL
        self._guards.append(subprocess.Popen(guard, stdin=subprocess.PIPE, stderr=quiet, start_new_session=True))
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGSTOP)

    def end(self) -> None:
        """They run again."""
        for guard in self._guards:
            guard.communicate()

"""A hold on one process of this machine: whatever takes its number later cannot be taken for it."""

import os
import signal
import sys
from contextlib import suppress


class Grip:
    """Taken of a process that lives. Where the system has no such thing (not Linux), it holds nothing."""

    def __init__(self, pid: int) -> None:
        self.pid, self._fd = pid, -1
        if sys.platform == "linux":
            with suppress(OSError):  # it has just ended, or an old kernel
                self._fd = os.pidfd_open(pid)

    def kill(self) -> None:
        """End the process at once, also one that is stopped; nothing if it has ended."""
        if sys.platform == "linux" and self._fd >= 0:
            with suppress(OSError):
                signal.pidfd_send_signal(self._fd, signal.SIGKILL)

    def release(self) -> None:
        """Let go."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

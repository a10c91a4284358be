"""A process that is killed before each line of a module in turn: what it leaves must be whole."""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from types import FrameType, ModuleType
from typing import Any

LINES = 10_000


def killed_at_every_line(module: ModuleType, work: Callable[[], object]) -> Iterator[int]:
    """Yields after each kill, with the number of lines of the module that ran; ends when `work` came to its end."""
    for lines in range(LINES):
        child = os.fork()
        if not child:
            _work(module, work, lines)
        _, status = os.waitpid(child, 0)
        if os.waitstatus_to_exitcode(status) == 0:
            return
        assert os.waitstatus_to_exitcode(status) == -signal.SIGKILL, "the work failed by itself"
        yield lines
    raise AssertionError("the work never ends")


def _work(module: ModuleType, work: Callable[[], object], lines: int) -> None:
    left = lines

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal left
        if frame.f_code.co_filename != module.__file__:
            return None
        if event == "line":
            if not left:
                os.kill(os.getpid(), signal.SIGKILL)
            left -= 1
        return trace

    try:
        sys.settrace(trace)
        work()
    except BaseException:
        os._exit(1)
    os._exit(0)

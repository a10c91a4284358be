"""An event loop whose time is only counted: whoever would wait is told that the time has passed."""

import asyncio
from asyncio import events
from collections.abc import Coroutine, Iterable
from contextvars import Context
from typing import Any

from tests.simulation.process import CURRENT


class Stuck(AssertionError):
    """Nothing can ever happen any more: no step is ready and no timer is set."""


class VirtualLoop(asyncio.BaseEventLoop):
    """Runs steps in a fixed order, without I/O. Every task is entered in the process whose step made it."""

    def __init__(self) -> None:
        super().__init__()
        self._now = 0.0
        self._selector = self
        self.tasks: list[asyncio.Task[Any]] = []
        """Every task there ever was; kept, so that the garbage collector decides nothing."""
        self.set_task_factory(_enter)  # type: ignore[arg-type]  # typeshed's own type of it is not callable with a context

    def time(self) -> float:
        """Virtual seconds."""
        return self._now

    def stand_still(self, seconds: float) -> None:
        """Time goes on without a step, as in a process that is stopped."""
        self._now += seconds

    def select(self, timeout: float | None) -> Iterable[Any]:
        """What a selector does, at once."""
        if timeout is None:
            raise Stuck("nothing can ever happen any more")
        self._now += timeout
        return ()

    def _process_events(self, event_list: Iterable[Any]) -> None:
        """There are none."""

    def _write_to_self(self) -> None:
        """There is no other thread to wake."""

    def finish(self) -> None:
        """Cancel what is left and close."""
        left = [task for task in self.tasks if not task.done()]
        for task in left:
            task.cancel()
        if left:
            self.run_until_complete(asyncio.wait(left, timeout=60))
        self.close()


def _enter(
    loop: events.AbstractEventLoop, coro: Coroutine[Any, Any, Any], context: Context | None = None
) -> asyncio.Task[Any]:
    task = asyncio.Task(coro, loop=loop, context=context)
    process = CURRENT.get() if context is None else context.get(CURRENT)
    if process is not None:
        process.tasks.append(task)
    assert isinstance(loop, VirtualLoop)
    loop.tasks.append(task)
    return task

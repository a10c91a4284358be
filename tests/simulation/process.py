"""A simulated process: tasks that vanish together, and the one thing that its calls ask: does it still live."""

import asyncio
from collections.abc import Callable, Coroutine
from contextvars import ContextVar, copy_context
from typing import Any


class Process:
    """What `kill` ends for good. While it is frozen, nothing reaches it and nothing leaves it."""

    def __init__(self, name: str, died: Callable[[], None] = lambda: None) -> None:
        self.name = name
        self.alive = True
        self.thaws = 0.0
        """Virtual time until which it is frozen."""
        self.tasks: list[asyncio.Task[Any]] = []
        self.context = copy_context()
        self.context.run(CURRENT.set, self)
        self._died = died

    def spawn(self, coro: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Run in this process."""
        return asyncio.get_running_loop().create_task(coro, context=self.context.copy())

    def kill(self) -> None:
        """SIGKILL: no step of it has any effect any more."""
        if self.alive:
            self.alive = False
            for task in self.tasks:
                task.cancel()
            self._died()


CURRENT: ContextVar[Process | None] = ContextVar("CURRENT", default=None)
"""The process whose step this is."""

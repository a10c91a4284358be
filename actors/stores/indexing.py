"""When the memories are indexed: behind the commits, once they pause; before a question is answered."""

import asyncio
from collections.abc import Awaitable, Callable

PAUSE_S = 0.25
"""Without a commit for so long, nobody is held up by it."""

LATE_S = 60.0
"""While commits do not pause it begins after so long nevertheless, one step at a time between them."""


class Indexing:
    """Of one store, within its event loop."""

    def __init__(self, step: Callable[[], Awaitable[bool]]) -> None:
        """`step` indexes some and says whether there may be more."""
        self._step = step
        self._timer: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[None] | None = None
        self._committed_at = self._since = 0.0

    def committed(self) -> None:
        """There may be something new to index."""
        loop = asyncio.get_running_loop()
        self._committed_at = loop.time()
        if self._timer is None:
            self._since = self._committed_at
            self._timer = loop.call_later(PAUSE_S, self._look)

    def _look(self) -> None:
        loop = asyncio.get_running_loop()
        calm_at = min(self._committed_at + PAUSE_S, self._since + LATE_S)
        if calm_at > loop.time():
            self._timer = loop.call_at(calm_at, self._look)
            return
        self._timer = None
        if self._task is None or self._task.done():
            self._task = loop.create_task(self.catch_up())

    async def catch_up(self) -> None:
        """Everything that is on disk by now can be found, unless the disk has no room for it."""
        while await self._step():
            pass

    def stop(self) -> None:
        """The next one who opens the store goes on."""
        if self._timer:
            self._timer.cancel()
        if self._task:
            self._task.cancel()

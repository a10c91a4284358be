"""Items of one agent work side by side, or one of them alone."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Gate:
    """Open, unless an item works alone or waits until the others are done so that it can."""

    def __init__(self) -> None:
        self.at_work = 0
        self._opened, self._empty = asyncio.Event(), asyncio.Event()
        self._opened.set()

    @property
    def is_open(self) -> bool:
        """Whether an item may begin beside others."""
        return self._opened.is_set()

    async def wait(self) -> None:
        """Return once it is open."""
        await self._opened.wait()

    def enter(self) -> None:
        """Work beside others from now on, until `leave`. The gate is open."""
        self.at_work += 1

    def leave(self) -> None:
        """No more."""
        self.at_work -= 1
        if not self.at_work:
            self._empty.set()

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        """Close the gate, wait for those at work, and work. The gate is open when this is called."""
        self._opened.clear()
        try:
            while self.at_work:
                self._empty.clear()
                await self._empty.wait()
            yield
        finally:
            self._opened.set()

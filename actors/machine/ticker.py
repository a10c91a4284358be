"""How long ago an event loop had a moment: what tells a blocked process from a busy one."""

import asyncio
import time

TICK_S = 0.25


class Ticker:
    """Tells how long ago the loop it was made in last had a moment."""

    def __init__(self) -> None:
        self._last = time.monotonic()
        self._ticking = asyncio.ensure_future(self._tick())

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            self._last = time.monotonic()

    @property
    def age_s(self) -> float:
        """May be asked from any thread."""
        return time.monotonic() - self._last

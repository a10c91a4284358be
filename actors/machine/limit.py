"""A time limit that a process which stood still does not hold against what came in meanwhile.

A process stands still when it is stopped, frozen with its machine, or its loop is busy. What was sent to it waits in
its sockets then, also an answer that is paid for; asyncio's own timeout would end the call before it is read.
"""

import asyncio
from types import TracebackType
from typing import Self

LATE_S = 0.05
"""A limit that is noticed so late was not noticed in time: the loop did not turn."""

GRACE_S = 1.0
"""For reading what came in meanwhile; given once."""


class Limit:
    """`async with Limit(at)` raises TimeoutError at that time of the loop's clock, and GRACE_S later if that is past.

    `at` None: it does not run.
    """

    def __init__(self, at: float | None = None) -> None:
        self._at, self._spared = at, False
        self._timeout = asyncio.Timeout(None)
        self._timer: asyncio.TimerHandle | None = None

    async def __aenter__(self) -> Self:
        await self._timeout.__aenter__()
        self.reschedule(self._at)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._rest()
        await self._timeout.__aexit__(kind, error, trace)

    def expired(self) -> bool:
        """Whether what is in it was ended by it."""
        return self._timeout.expired()

    @property
    def at(self) -> float | None:
        """When it will end what is in it, or should have, by the loop's clock. May be asked from any thread."""
        return self._at

    def reschedule(self, at: float | None) -> None:
        """From now on it is then; once it has expired it ends nothing more."""
        self._rest()
        self._at = at
        if not self.expired():
            self._timeout.reschedule(None)  # it may be due in the loop's next step
            self._timer = None if at is None else asyncio.get_running_loop().call_at(at, self._due, at)

    def _due(self, at: float) -> None:
        now = asyncio.get_running_loop().time()
        if now - at > LATE_S and not self._spared:
            self._spared = True
            self.reschedule(now + GRACE_S)
        else:
            self._timeout.reschedule(now)

    def _rest(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

"""An item's timeout, which does not run while the attempt waits for something that is not its own."""

import asyncio
import math
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from actors.machine.limit import Limit


class Deadline:
    """`async with Deadline(seconds)` raises TimeoutError after so many seconds of work in there.

    `over_s` may be asked from any thread.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds, self._left_s, self._pauses = seconds, seconds, 0
        self._at: float | None = None  # by the loop's clock; None while it does not run
        self._limit = Limit()

    async def __aenter__(self) -> Self:
        await self._limit.__aenter__()
        self._run()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._limit.__aexit__(kind, error, trace)

    @property
    def expired(self) -> bool:
        """Whether the attempt was ended by it."""
        return self._limit.expired()

    def left_s(self) -> float:
        """Seconds until it ends the attempt."""
        return self._left_s if self._at is None else self._at - _now()

    def work_s(self) -> float:
        """Seconds that it ran so far."""
        return self._seconds - self.left_s()

    def over_s(self, now: float) -> float:
        """Seconds since it should have ended the attempt, `now` by the loop's clock; negative before and in pauses.

        What a process that stood still is given for what came in meanwhile is no delay of the attempt's.
        """
        at = self._limit.at
        return -math.inf if at is None else now - at

    @contextmanager
    def paused(self) -> Iterator[None]:
        """It does not run in there; pauses may overlap."""
        self._pauses += 1
        if self._pauses == 1:
            self._stop()
        try:
            yield
        finally:
            self._pauses -= 1
            if not self._pauses:
                self._run()

    def _stop(self) -> None:
        self._left_s, self._at = self.left_s(), None
        self._limit.reschedule(None)  # unless its cancel is on its way

    def _run(self) -> None:
        self._at = _now() + self._left_s
        self._limit.reschedule(self._at)


def _now() -> float:
    return asyncio.get_running_loop().time()  # a test that moves the loop's clock moves this one too

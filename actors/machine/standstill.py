"""Whether this process stood still: it was stopped, frozen with its machine, or its loop was busy."""

import asyncio
from typing import Self

BEAT_S = 0.25


class Standstill:
    """`with Standstill(over_s) as still` notes when the loop last had no moment for so long beyond its beat."""

    def __init__(self, over_s: float) -> None:
        self._over_s, self._loop = over_s, asyncio.get_running_loop()
        self._ended_at = float("-inf")

    def __enter__(self) -> Self:
        self._wait()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()

    def _wait(self) -> None:
        self._due = self._loop.time() + BEAT_S
        self._timer = self._loop.call_at(self._due, self._beat)

    def _beat(self) -> None:
        self._note()
        self._wait()

    def _note(self) -> None:
        if (now := self._loop.time()) - self._due > self._over_s:
            self._ended_at = now

    @property
    def ended_at(self) -> float:
        """When it was noticed last, by the loop's clock; before everything if it never was."""
        self._note()  # whoever asks may be woken before the beat
        return self._ended_at

"""A guard that stood still, alone or with what it guards: docker pause, SIGSTOP of all. Time is virtual here."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

import pytest

from actors.settings import HealthSettings
from actors.supervision.guard import guard
from actors.supervision.wards import Pulse
from tests.simulation.clock import VirtualLoop

SETTINGS = HealthSettings()
STANDS_S = 60.0
ASKS_S = 0.2
"""How long a process takes to answer."""


class Process:
    """Answers how long its loop has not moved; silent from `silent_at` on."""

    def __init__(self, loop: VirtualLoop) -> None:
        self._loop = loop
        self.moved_at: float | None = None
        """Its loop stands still since then."""
        self.silent_at = float("inf")
        self.ended: list[float] = []

    async def pulse(self) -> Pulse:
        await asyncio.sleep(ASKS_S if self._loop.time() < self.silent_at else 1e6)
        if self._loop.time() >= self.silent_at:
            await asyncio.sleep(1e6)
        return Pulse(0, 0.0 if self.moved_at is None else self._loop.time() - self.moved_at)

    async def end(self, *, for_good: bool) -> None:
        assert not for_good
        self.ended.append(self._loop.time())
        self.moved_at, self.silent_at = None, float("inf")


def ends(happens: Callable[[VirtualLoop, Process], None], for_s: float = 200.0) -> list[float]:
    """When the process was ended."""
    loop = VirtualLoop()
    process = Process(loop)

    async def run() -> None:
        happens(loop, process)
        with suppress(TimeoutError):
            async with asyncio.timeout(for_s):
                await guard("store", process, SETTINGS)

    try:
        loop.run_until_complete(run())
    finally:
        loop.finish()
    return process.ended


@pytest.mark.parametrize("moment", [10 * 1.2 + into for into in (0.0, 0.1, 0.5, 0.99, 1.0, 1.05, 1.15, 1.199)])
def test_what_stood_still_together_with_its_guard_is_not_ended(moment: float) -> None:
    """In the guard's sleep, between it and the question, or on the way of the answer."""

    def pause(loop: VirtualLoop, process: Process) -> None:
        def all_stand() -> None:
            process.moved_at = loop.time()
            loop.stand_still(STANDS_S)
            loop.call_later(0.3, setattr, process, "moved_at", None)  # goes on a moment after its guard

        loop.call_at(moment, all_stand)

    assert ends(pause) == []


def test_a_silence_while_the_guard_stood_still_is_none() -> None:
    def pause(loop: VirtualLoop, process: Process) -> None:
        process.silent_at = 5.0
        loop.call_at(6.0, loop.stand_still, STANDS_S)
        loop.call_at(6.0 + STANDS_S + 1.5, setattr, process, "silent_at", float("inf"))

    assert ends(pause) == []


def test_one_that_hangs_is_found_as_soon_as_is_promised() -> None:
    def block(_: VirtualLoop, process: Process) -> None:
        process.moved_at = 10.0

    (at,) = ends(block)
    assert 10 + SETTINGS.stale_tick_s <= at <= 10 + SETTINGS.stale_tick_s + 2

    def stop(_: VirtualLoop, process: Process) -> None:
        process.silent_at = 10.0

    (at,) = ends(stop)
    assert 10 + SETTINGS.silent_s <= at <= 10 + SETTINGS.silent_s + 3


def test_one_that_hangs_after_both_stood_still_is_found_in_the_same_time_from_then_on() -> None:
    def block(loop: VirtualLoop, process: Process) -> None:
        process.moved_at = 5.0
        loop.call_at(6.0, loop.stand_still, STANDS_S)

    (at,) = ends(block)
    went_on = 6 + STANDS_S
    assert went_on + SETTINGS.stale_tick_s <= at <= went_on + SETTINGS.stale_tick_s + 3

    def stop(loop: VirtualLoop, process: Process) -> None:
        process.silent_at = 5.0
        loop.call_at(6.0, loop.stand_still, STANDS_S)

    (at,) = ends(stop)
    assert went_on + SETTINGS.silent_s <= at <= went_on + SETTINGS.silent_s + 4

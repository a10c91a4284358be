"""An item's timeout, which does not run in its pauses. Time is virtual here."""

import asyncio
import math
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from actors.machine.limit import GRACE_S
from actors.roles.deadline import Deadline
from tests.simulation.clock import VirtualLoop

FOR_EVER = 1e6


def ran(work: Callable[[Deadline], Coroutine[Any, Any, None]], seconds: float = 10.0) -> tuple[Deadline, float]:
    """The deadline, and when the work in it ended: by itself or by a TimeoutError."""
    loop = VirtualLoop()
    deadline = Deadline(seconds)

    async def run() -> float:
        with suppress(TimeoutError):
            async with deadline:
                await work(deadline)
        return loop.time()

    try:
        return deadline, loop.run_until_complete(run())
    finally:
        loop.finish()


@given(st.lists(st.tuples(st.booleans(), st.floats(0.01, 5)), max_size=8))
def test_only_work_counts(steps: list[tuple[bool, float]]) -> None:
    waited, worked = (sum(seconds for pause, seconds in steps if pause is kind) for kind in (True, False))
    assume(abs(worked - 10) > 1e-6)  # at the very moment either may come first

    async def work(deadline: Deadline) -> None:
        for pause, seconds in steps:
            if pause:
                with deadline.paused():
                    await asyncio.sleep(seconds)
            else:
                await asyncio.sleep(seconds)

    deadline, ended = ran(work)

    assert deadline.expired == (worked > 10)
    if not deadline.expired:
        assert ended == pytest.approx(waited + worked)


def test_it_ends_the_work_so_much_later_as_it_was_paused() -> None:
    async def work(deadline: Deadline) -> None:
        await asyncio.sleep(4)
        with deadline.paused():
            await asyncio.sleep(100)
        assert deadline.left_s() == 6
        await asyncio.sleep(FOR_EVER)

    deadline, ended = ran(work)

    assert (deadline.expired, ended) == (True, 110)


def test_pauses_may_overlap() -> None:
    async def work(deadline: Deadline) -> None:
        async def pause(begin: float, end: float) -> None:
            await asyncio.sleep(begin)
            with deadline.paused():
                await asyncio.sleep(end - begin)

        await asyncio.gather(pause(2, 50), pause(20, 90))
        await asyncio.sleep(FOR_EVER)

    assert ran(work)[1] == 98


def test_a_pause_whose_work_is_cancelled_ends() -> None:
    async def work(deadline: Deadline) -> None:
        with deadline.paused():
            async with asyncio.timeout(3):
                await asyncio.sleep(FOR_EVER)

    deadline, ended = ran(work)

    assert (deadline.expired, ended) == (False, 3), "the timeout of the work, not the item's"


def test_a_pause_that_comes_too_late_changes_nothing() -> None:
    async def work(deadline: Deadline) -> None:
        try:
            await asyncio.sleep(FOR_EVER)
        finally:
            with deadline.paused():
                pass

    deadline, ended = ran(work)

    assert (deadline.expired, ended) == (True, 10)


def test_what_a_process_that_stood_still_is_given_is_no_delay_of_the_items() -> None:
    async def work(deadline: Deadline) -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        loop.call_at(5, loop.stand_still, 60)
        await asyncio.sleep(30)  # it goes on at 65
        assert deadline.over_s(65.5) == 65.5 - (65 + GRACE_S)
        await asyncio.sleep(FOR_EVER)

    deadline, ended = ran(work)

    assert (deadline.expired, ended) == (True, 65 + GRACE_S)


def test_how_far_it_is_over_can_be_asked() -> None:
    assert Deadline(10).over_s(math.inf) == -math.inf, "before it runs"

    async def work(deadline: Deadline) -> None:
        await asyncio.sleep(4)
        assert deadline.over_s(17) == 7
        with deadline.paused():
            assert deadline.over_s(1000) == -math.inf
            await asyncio.sleep(50)
        assert deadline.over_s(61) == 1

    assert not ran(work)[0].expired

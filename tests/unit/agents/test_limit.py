"""A time limit in a process that may stand still. Time is virtual here."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.machine.limit import GRACE_S, LATE_S, Limit
from tests.simulation.clock import VirtualLoop

AT = 10.0
FOR_EVER = 1e6


def over(work: Callable[[Limit, VirtualLoop], Awaitable[None]]) -> tuple[bool, float]:
    """Whether a limit at AT expired, and when the work in it was over."""
    loop, limit = VirtualLoop(), Limit(AT)

    async def run() -> float:
        with suppress(TimeoutError):
            async with limit:
                await work(limit, loop)
        return loop.time()

    try:
        return (loop.run_until_complete(run()), limit.expired())[::-1]
    finally:
        loop.finish()


@given(begin=st.floats(0, 20), stands_still_s=st.floats(0, 20))
def test_it_ends_in_time_or_is_late_by_the_grace(begin: float, stands_still_s: float) -> None:
    async def work(_: Limit, loop: VirtualLoop) -> None:
        loop.call_at(begin, loop.stand_still, stands_still_s)
        await asyncio.sleep(FOR_EVER)

    expired, at = over(work)

    noticed = begin + stands_still_s if begin <= AT else AT
    late = noticed - AT > LATE_S
    assert expired
    assert at == pytest.approx(noticed + GRACE_S if late else max(noticed, AT))


def test_what_came_in_meanwhile_is_read() -> None:
    async def work(_: Limit, loop: VirtualLoop) -> None:
        loop.call_at(9, loop.stand_still, 60)
        await asyncio.sleep(30)  # what it waits for is there when the loop turns again
        for _turn in range(5):
            await asyncio.sleep(0)

    assert over(work) == (False, 69)


def test_a_loop_that_is_always_late_ends_it_all_the_same() -> None:
    async def work(_: Limit, loop: VirtualLoop) -> None:
        while True:
            loop.stand_still(1)
            await asyncio.sleep(0)

    assert over(work)[0]
    assert over(work)[1] < AT + GRACE_S + 5


def test_rest_at_the_moment_it_is_due_counts() -> None:
    async def work(limit: Limit, loop: VirtualLoop) -> None:
        loop.call_at(AT, limit.reschedule, None)  # called behind the limit's own timer, in the same step
        await asyncio.sleep(100)

    assert over(work) == (False, 100)


def test_it_may_be_moved() -> None:
    async def work(limit: Limit, _: VirtualLoop) -> None:
        await asyncio.sleep(5)
        limit.reschedule(50)
        await asyncio.sleep(FOR_EVER)

    assert over(work) == (True, 50)

"""Calls that are made again: how often, after how long, what it costs, and what is never tried twice."""

import asyncio
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.errors import ModelError, ModelFaulty, Overloaded, RateLimited
from actors.models.patient import LIMITED, PatientModel
from actors.models.permits import FREE, FreePermits, Permit
from actors.models.port import OnDelta, Reply, Request
from actors.models.script import FAILURES
from actors.models.spending import Spending
from actors.work import FailureKind, Usage
from tests.support.patience import ASK, CALL_S, DONE, PATIENCE, USED, Clock, Planned, Stage, later


async def test_an_answer_at_once() -> None:
    stage = Stage()

    assert await stage.patient.complete(ASK) == DONE
    assert stage.spending.sum.usage == USED
    assert stage.spending.sum.cost_usd == pytest.approx(100 * 2e-6 + 10 * 10e-6)
    assert stage.spending.sum.effort.model_dump() == {
        "calls": 1, "retries": 0, "permit_s": 0.0, "limit_s": 0.0, "backoff_s": 0.0
    }  # fmt: skip
    assert stage.permits.settled == [(Permit("1"), DONE)]


async def test_a_failure_of_a_moment_is_tried_again() -> None:
    stage = Stage(ModelFaulty("reset"), ModelFaulty("reset"), ModelFaulty("reset"))

    assert await stage.patient.complete(ASK) == DONE
    assert stage.model.calls == 4
    assert [wait <= most for wait, most in zip(stage.waits, (0.5, 1, 2), strict=True)] == [True] * 3
    assert stage.spending.sum.effort.retries == 3
    assert stage.spending.sum.effort.backoff_s == pytest.approx(sum(stage.waits))
    assert stage.clock.ran == pytest.approx(4 * CALL_S + sum(stage.waits)), "it counts to the item's timeout"


async def test_the_last_try_is_the_failure() -> None:
    stage = Stage(*(ModelFaulty(f"reset {number}") for number in range(9)))

    failed = await stage.fails()

    assert type(failed) is ModelFaulty
    assert str(failed) == "reset 3 (the last of 4 tries)"
    assert stage.model.calls == 4
    assert len(stage.permits.settled) == stage.permits.granted == 4


async def test_a_try_that_the_items_timeout_would_cut_off_is_not_begun() -> None:
    stage = Stage(*(ModelFaulty("reset") for _ in range(9)), left_s=2 * CALL_S)

    failed = await stage.fails()

    assert stage.model.calls == 2
    assert "the item's timeout leaves no time" in str(failed)


@pytest.mark.parametrize("error", [RateLimited, Overloaded])
async def test_a_slower_pace_is_waited_for_outside_the_timeout(error: type[ModelError]) -> None:
    stage = Stage(later(error("slower"), 20), later(error("slower"), None), left_s=3 * CALL_S + 1)

    assert await stage.patient.complete(ASK) == DONE
    told, own = stage.waits
    assert 20 <= told <= 25
    assert 1 <= own <= 2, "twice the first, because it is the second"
    assert stage.clock.ran == 3 * CALL_S
    assert stage.spending.sum.effort.limit_s == pytest.approx(told + own)
    assert (stage.spending.sum.effort.retries, stage.spending.sum.effort.backoff_s) == (2, 0)


async def test_waiting_for_the_pace_ends() -> None:
    stage = Stage(*(later(RateLimited("slower"), 3600) for _ in range(9)))

    failed = await stage.fails()

    assert type(failed) is RateLimited
    assert failed.retry_after_s == 3600
    assert stage.waits == [PATIENCE.limit_wait_s]
    assert "after 2 tries and 120 s of waiting" in str(failed)


async def test_a_wait_of_no_time_does_not_make_it_hot() -> None:
    stage = Stage(*(later(RateLimited("slower"), 0) for _ in range(99)))

    await stage.fails()

    assert min(stage.waits[:-1]) >= PATIENCE.limit_base_s / 2
    assert stage.model.calls < 15


@pytest.mark.parametrize("kind", [kind for kind in FAILURES if kind not in (*LIMITED, FailureKind.TRANSIENT)])
async def test_everything_else_is_never_tried_again(kind: FailureKind) -> None:
    error = later(FAILURES[kind]("told so"), 1)
    stage = Stage(error)

    assert await stage.fails() is error
    assert (stage.model.calls, stage.clock.sleeps) == (1, [0.0])


async def test_waiting_for_a_permit_does_not_run_the_timeout() -> None:
    stage = Stage(ModelFaulty("reset"), permit_s=1000)

    await stage.patient.complete(ASK)

    assert stage.spending.sum.effort.permit_s == 2000
    assert stage.clock.ran == pytest.approx(2 * CALL_S + sum(stage.waits))


async def test_what_failed_tries_used_is_counted() -> None:
    told, lost = ModelFaulty("unknown stop reason"), ModelFaulty("reset in the body")
    told.usage, lost.usage, lost.lost = USED, Usage(input_tokens=90, output_tokens=1), True
    stage = Stage(told, lost, ModelFaulty("500"))

    await stage.patient.complete(ASK)

    assert stage.spending.sum.usage == USED + USED + Usage(input_tokens=90, output_tokens=1)
    bound = 100 * 2e-6 + 1000 * 10e-6
    one = 100 * 2e-6 + 10 * 10e-6
    assert stage.spending.sum.cost_usd == pytest.approx(2 * one + bound)
    assert stage.spending.sum.estimated_usd == pytest.approx(bound - (90 * 2e-6 + 10e-6))
    assert stage.spending.sum.effort.calls == 4


async def test_what_a_cancelled_call_used_is_estimated_and_its_permit_settled() -> None:
    stage = Stage()
    arrived = asyncio.Event()

    async def wait(request: Request, on_delta: OnDelta | None = None) -> Reply:
        arrived.set()
        await asyncio.Event().wait()
        raise AssertionError("unreachable")

    stage.model.complete = wait  # type: ignore[method-assign]
    call = asyncio.ensure_future(stage.patient.complete(ASK))
    await arrived.wait()
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    await asyncio.sleep(0)

    assert stage.permits.settled == [(Permit("1"), None)]
    assert stage.spending.sum.cost_usd == stage.spending.sum.estimated_usd == pytest.approx(100 * 2e-6 + 1000 * 10e-6)


class Broken(FreePermits):
    """Cannot settle."""

    async def settle(self, permit: Permit, answer: Reply | ModelError | None) -> None:
        raise RuntimeError("gone")


async def test_an_answer_outlives_the_bookkeeping_of_its_permit(caplog: pytest.LogCaptureFixture) -> None:
    clock = Clock()
    patient = PatientModel(Planned(clock), clock, Spending(), Broken(), PATIENCE, Random(1))

    assert await patient.complete(ASK) == DONE
    assert "a permit could not be settled" in caplog.text


async def test_where_nobody_gives_permits_a_call_costs_no_task() -> None:
    clock, loop = Clock(), asyncio.get_running_loop()
    made: list[object] = []

    def task(loop_: asyncio.AbstractEventLoop, work: Any, **more: Any) -> "asyncio.Task[Any]":
        made.append(work)
        return asyncio.Task(work, loop=loop_, **more)

    loop.set_task_factory(task)
    try:
        assert await PatientModel(Planned(clock), clock, Spending(), FREE, PATIENCE, Random(1)).complete(ASK) == DONE
        assert made == []
        assert await PatientModel(Planned(clock), clock, Spending(), FreePermits(), PATIENCE, Random(1)).complete(ASK)
        assert len(made) == 1
    finally:
        loop.set_task_factory(None)


PLANS = st.lists(
    st.tuples(
        st.sampled_from([ModelFaulty, RateLimited, Overloaded]),
        st.none() | st.floats(0, 3600),
        st.booleans(),
    ),
    max_size=40,
)


@settings(max_examples=200)
@given(PLANS, st.floats(1, 700), st.integers(0, 2**32))
async def test_whatever_fails_it_ends_within_its_bounds(
    plan: list[tuple[type[ModelError], float | None, bool]], left_s: float, seed: int
) -> None:
    errors = [later(kind("told so"), seconds) for kind, seconds, _ in plan]
    for error, (_, _, lost) in zip(errors, plan, strict=True):
        error.lost = lost
    stage = Stage(*errors, left_s=left_s, seed=seed)

    answer: Reply | ModelError
    try:
        answer = await stage.patient.complete(ASK)
    except ModelError as error:
        answer = error

    tried, effort = errors[: stage.model.calls], stage.spending.sum.effort
    faults = sum(error.kind is FailureKind.TRANSIENT for error in tried)
    assert faults <= PATIENCE.tries
    assert effort.limit_s <= PATIENCE.limit_wait_s + 1e-6
    assert effort.backoff_s <= PATIENCE.tries * PATIENCE.backoff_max_s
    assert stage.clock.ran == pytest.approx(stage.model.calls * CALL_S + effort.backoff_s)
    assert stage.clock.pauses == 0
    assert effort.calls == stage.model.calls == effort.retries + 1 == len(stage.permits.settled)
    assert stage.spending.sum.usage == (USED if isinstance(answer, Reply) else Usage())
    if isinstance(answer, ModelError):
        assert type(answer) is type(tried[-1])
        assert answer.retry_after_s == tried[-1].retry_after_s
    else:
        assert stage.model.calls == len(plan) + 1

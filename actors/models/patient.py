"""Calls that are made again: the only place where that happens. Bounded by number, by time and by the item's timeout.

What fails for a moment is tried again after a growing, random time. Where the API asks for a slower pace it is waited,
which does not count to the item's timeout. Everything else is the attempt's failure at once.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from random import Random
from typing import Protocol

from actors.errors import BudgetExhausted, ModelError
from actors.health.backoff import full_jitter
from actors.models.permits import FREE, Permit, Permits
from actors.models.port import Model, OnDelta, Reply, Request
from actors.models.spending import Spending
from actors.settings import PatienceSettings
from actors.work import Effort, FailureKind

LIMITED = frozenset({FailureKind.RATE_LIMITED, FailureKind.OVERLOADED})

SPREAD = 0.25
"""Whoever was asked to wait for so long waits up to this part longer, so that they do not all come back at once."""

TOLD_FROM_S = 0.001
"""A wait shorter than this was none."""

Sleep = Callable[[float], Awaitable[object]]


class Timeout(Protocol):
    """An item's timeout, which can be stopped."""

    def left_s(self) -> float:
        """Seconds until it ends the attempt."""
        ...

    def paused(self) -> AbstractContextManager[None]:
        """It does not run in there."""
        ...


class PatientModel:
    """A Model for the calls of one attempt; what each try used goes into `spending`, also if it failed."""

    def __init__(
        self,
        model: Model,
        timeout: Timeout,
        spending: Spending,
        permits: Permits,
        patience: PatienceSettings,
        random: Random,
        sleep: Sleep = asyncio.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._model, self._timeout, self._spending, self._permits = model, timeout, spending, permits
        self._patience, self._random, self._sleep, self._clock = patience, random, sleep, clock

    async def complete(self, request: Request, on_delta: OnDelta | None = None) -> Reply:
        """See Model. The last try's failure is the call's; its message says how often and how long it was tried."""
        faults, holds, held_s = 0, 0, 0.0
        while isinstance(answer := await self._try(request, on_delta), ModelError):
            if answer.kind is FailureKind.TRANSIENT:
                faults += 1
                await self._back_off(answer, faults)
            elif answer.kind in LIMITED:
                held_s += await self._hold(answer, holds, held_s)
                holds += 1
            else:
                raise answer
            self._spending.took(Effort(retries=1))
        return answer

    async def close(self) -> None:
        """The model is shared, and not this attempt's to close."""

    async def _try(self, request: Request, on_delta: OnDelta | None) -> Reply | ModelError:
        try:
            self._spending.check(request)
        except BudgetExhausted as error:
            return error
        permit = await self._reserve(request)
        answer: Reply | ModelError | None = None
        try:
            answer = await self._model.complete(request, self._told(permit, on_delta))
            self._spending.answered(answer)
        except ModelError as error:
            answer = error
            self._spending.failed(request, error)
        finally:
            if answer is None:
                self._spending.given_up(request)
            settling = self._begin_to_settle(permit, answer)
        if settling:
            await asyncio.shield(settling)
        return answer

    def _told(self, permit: Permit, on_delta: OnDelta | None) -> OnDelta | None:
        """A call that others wait for is streamed, so that they learn when its answer begins."""
        if not permit.leads:
            return on_delta
        has_begun = False

        def take(text: str) -> None:
            nonlocal has_begun
            if not has_begun:
                has_begun = True
                self._permits.began(permit)
            if on_delta:
                on_delta(text)

        return take

    async def _reserve(self, request: Request) -> Permit:
        if self._permits is FREE:
            return Permit()
        begin = self._clock()
        try:
            with self._timeout.paused():
                return await self._permits.reserve(request)
        finally:
            waited_s = self._clock() - begin
            if waited_s >= TOLD_FROM_S:
                self._spending.took(Effort(permit_s=waited_s))

    def _begin_to_settle(self, permit: Permit, answer: Reply | ModelError | None) -> "asyncio.Future[None] | None":
        """On its own, so that a cancel does not lose the permit."""
        if self._permits is FREE:
            return None
        settling = asyncio.ensure_future(self._settle(permit, answer))
        _SETTLING.add(settling)
        settling.add_done_callback(_SETTLING.discard)
        return settling

    async def _settle(self, permit: Permit, answer: Reply | ModelError | None) -> None:
        try:
            await self._permits.settle(permit, answer)
        except Exception:  # an answer that was paid for is worth more than the bookkeeping of its permit
            logging.getLogger(__name__).exception("a permit could not be settled")

    async def _back_off(self, error: ModelError, faults: int) -> None:
        settings = self._patience
        delay_s = full_jitter(settings.backoff_base_s, faults - 1, settings.backoff_max_s, self._random)
        delay_s = max(delay_s, min(error.retry_after_s or 0.0, settings.backoff_max_s))
        if faults >= settings.tries:
            raise _spent(error, f"the last of {faults} tries" if faults > 1 else "")
        if delay_s >= self._timeout.left_s():  # else the item would be blamed for its model
            raise _spent(error, f"try {faults}; the item's timeout leaves no time for another")
        begin = self._clock()
        await self._sleep(delay_s)
        self._spending.took(Effort(backoff_s=self._clock() - begin))

    async def _hold(self, error: ModelError, holds: int, held_s: float) -> float:
        settings = self._patience
        left_s = settings.limit_wait_s - held_s
        if left_s <= 0:
            raise _spent(error, f"after {holds + 1} tries and {held_s:.3g} s of waiting" if holds else "")
        own_s = min(settings.limit_base_s * 2.0 ** min(holds, 32), settings.limit_max_s) * self._random.uniform(0.5, 1)
        asked_s = (error.retry_after_s or 0.0) * self._random.uniform(1, 1 + SPREAD)
        begin = self._clock()
        with self._timeout.paused():
            await self._sleep(min(max(own_s, asked_s), left_s))
        waited_s = self._clock() - begin
        self._spending.took(Effort(limit_s=waited_s))
        return waited_s


_SETTLING: set["asyncio.Future[None]"] = set()
"""An event loop alone does not keep its tasks alive."""


def _spent(error: ModelError, told: str) -> ModelError:
    if not told:
        return error
    last = type(error)(f"{error} ({told})")
    last.__dict__.update(error.__dict__)
    return last

"""A patient model on a stage: time that passes only where somebody waits, a model that fails as planned."""

from collections.abc import Iterator
from contextlib import contextmanager
from random import Random

import pytest

from actors.errors import ModelError
from actors.models.patient import PatientModel
from actors.models.permits import FreePermits, Permit
from actors.models.port import Message, OnDelta, Reply, Request, StopReason
from actors.models.spending import Spending
from actors.settings import PatienceSettings
from actors.work import Usage

ASK = Request(model="claude-sonnet-5-5", messages=(Message(role="user", text="x" * 350),), max_tokens=1000)
USED = Usage(input_tokens=100, output_tokens=10)
DONE = Reply(text="done", stop=StopReason.END, model="claude-sonnet-5-5", usage=USED)
CALL_S = 2.0
PATIENCE = PatienceSettings()


class Clock:
    """Time that passes only where somebody waits; also the item's timeout, which says when it was paused."""

    def __init__(self, left_s: float = 600.0) -> None:
        self.now, self.ran, self.pauses = 0.0, 0.0, 0
        self.limit = left_s
        self.sleeps: list[float] = []

    def pass_by(self, seconds: float) -> None:
        self.now += seconds
        self.ran += 0 if self.pauses else seconds

    async def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        self.pass_by(seconds)

    def left_s(self) -> float:
        return self.limit - self.ran

    @contextmanager
    def paused(self) -> Iterator[None]:
        self.pauses += 1
        yield
        self.pauses -= 1


class Planned:
    """Fails as planned, then answers; each call takes CALL_S."""

    def __init__(self, clock: Clock, *errors: ModelError) -> None:
        self.clock, self.errors, self.calls = clock, list(errors), 0

    async def complete(self, request: Request, on_delta: OnDelta | None = None) -> Reply:
        self.calls += 1
        self.clock.pass_by(CALL_S)
        if self.errors:
            raise self.errors.pop(0)
        return DONE

    async def close(self) -> None:
        raise AssertionError("the model belongs to the process")


class Counted(FreePermits):
    """Grants after `wait_s`; remembers what was settled."""

    def __init__(self, clock: Clock, wait_s: float = 0.0) -> None:
        self.clock, self.wait_s, self.granted = clock, wait_s, 0
        self.settled: list[tuple[Permit, Reply | ModelError | None]] = []

    async def reserve(self, request: Request) -> Permit:
        await self.clock.sleep(self.wait_s)
        self.granted += 1
        return Permit(str(self.granted))

    async def settle(self, permit: Permit, answer: Reply | ModelError | None) -> None:
        self.settled.append((permit, answer))


class Stage:
    """A patient model with everything around it."""

    def __init__(self, *errors: ModelError, left_s: float = 600.0, permit_s: float = 0.0, seed: int = 1) -> None:
        self.clock = Clock(left_s)
        self.model = Planned(self.clock, *errors)
        self.permits = Counted(self.clock, permit_s)
        self.spending = Spending()
        self.patient = PatientModel(
            self.model,
            self.clock,
            self.spending,
            self.permits,
            PATIENCE,
            Random(seed),
            self.clock.sleep,
            lambda: self.clock.now,
        )

    @property
    def waits(self) -> list[float]:
        """Those that were not for permits."""
        return [seconds for seconds in self.clock.sleeps if seconds != self.permits.wait_s]

    async def fails(self) -> ModelError:
        with pytest.raises(ModelError) as caught:
            await self.patient.complete(ASK)
        return caught.value


def later(error: ModelError, seconds: float | None) -> ModelError:
    error.retry_after_s = seconds
    return error

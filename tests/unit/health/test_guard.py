"""What hangs is ended; what is slow, starting, or silent together with everybody else is not."""

import asyncio
from collections.abc import Callable

import pytest

from actors.errors import AgentGone, FleetError
from actors.settings import HealthSettings
from actors.supervision import guard as guards
from actors.supervision.guard import guard, guard_all
from actors.supervision.wards import Pulse

FAST = HealthSettings(stale_tick_s=0.5, silent_s=0.05, slow_answer_s=0.01)


class Process:
    def __init__(self, answer: Callable[[], Pulse | None]) -> None:
        self._answer, self.asked = answer, 0
        self.ended = asyncio.Event()

    async def pulse(self) -> Pulse:
        self.asked += 1
        if (pulse := self._answer()) is None:
            await asyncio.Event().wait()
        assert pulse is not None
        return pulse

    async def end(self, *, for_good: bool) -> None:
        assert not for_good
        self.ended.set()


def starting() -> Pulse:
    raise AgentGone("it is being started")


@pytest.mark.parametrize(
    ("answer", "others", "node_s", "ends"),
    [
        (lambda: Pulse(0, 0.1), True, 0.1, False),
        (lambda: Pulse(0, 0.6), True, 90.0, True),
        (lambda: None, True, 90.0, True),
        (lambda: None, False, 90.0, False),
        (lambda: None, False, 0.1, True),
        (starting, True, 0.05, False),
    ],
    ids=["well", "blocked", "silent", "silent with all others", "silent with all others for long", "starting"],
)
async def test_who_is_ended(
    answer: Callable[[], Pulse | None], others: bool, node_s: float, ends: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guards, "EVERY_S", 0.01)
    process, settings = Process(answer), FAST.model_copy(update={"silent_node_s": node_s})
    guarding = asyncio.create_task(guard("store", process, settings, lambda: others))
    async with asyncio.timeout(10):
        while process.asked < 5 and not process.ended.is_set():
            await asyncio.sleep(0.01)
    guarding.cancel()
    assert process.ended.is_set() is ends


async def test_who_comes_and_goes_is_guarded_while_it_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guards, "EVERY_S", 0.01)
    monkeypatch.setattr(guards, "LOOK_S", 0.01)
    there = {"driver-a"}
    made = {name: Process(lambda: Pulse(0, 0.1)) for name in ("driver-a", "driver-b")}
    made["driver-c"] = Process(lambda: Pulse(0, 0.6))
    unknown = iter([True, False, True])

    def who() -> list[str]:
        if next(unknown, False):
            raise FleetError("nobody knows just now")
        return list(there)

    guarding = asyncio.create_task(guard_all(who, made.__getitem__, FAST))
    async with asyncio.timeout(10):
        while made["driver-a"].asked < 3:
            await asyncio.sleep(0.01)
        there |= {"driver-b", "driver-c"}
        there.remove("driver-a")
        await made["driver-c"].ended.wait()
        while made["driver-b"].asked < 3:
            await asyncio.sleep(0.01)
        asked = made["driver-a"].asked
        while made["driver-b"].asked < 20:
            await asyncio.sleep(0.01)
    guarding.cancel()
    assert made["driver-a"].asked <= asked + 1
    assert not made["driver-b"].ended.is_set()

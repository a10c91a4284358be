"""What hangs is ended; what is slow, starting, or silent together with everybody else is not."""

import asyncio
from collections.abc import Callable

import pytest

from actors import guard as guards
from actors.errors import AgentGone
from actors.guard import guard
from actors.settings import HealthSettings
from actors.wards import Pulse

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

"""Rounds of pings: what a round tells of itself."""

import asyncio

import pytest

from actors.stores.memory import MemoryStore
from actors.supervision import pings
from actors.supervision.pings import Pings
from actors.supervision.wards import Hello
from tests.support.wards import FAST, FakeWard


async def test_a_round_tells_how_late_the_monitor_came_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pings, "EVERY_S", 0.1)
    ward, now = FakeWard("executor-0", MemoryStore()), [1000.0]
    asking = Pings({"executor-0": ward}, FAST, lambda: now[0])
    round_ = asyncio.ensure_future(asking.round({"executor-0": Hello(1, "here", 1, True)}))
    await asyncio.sleep(0)
    now[0] += 30  # as after SIGSTOP
    assert (await round_).late_s == pytest.approx(29.9)

"""When people are told of a model's limits, and in which words."""

import asyncio
from random import Random

import pytest

from actors.desk import Desk, tell
from actors.events import FLEET
from actors.governor.governor import Governor
from actors.governor.needs import Amounts, Need
from actors.governor.reports import EVERY_S, TOLD_FROM_S, Reports
from actors.journal.fleet import ModelHeld
from actors.stores.memory import MemoryStore
from actors.stores.protocol import RunRecord
from cluster.cli.pace import held
from dashboards.views.projection import RunView
from dashboards.views.run_json import run_json

M = "claude-test"


def governor(requests: float = 60) -> Governor:
    it = Governor({M: Amounts(requests, 0, 0)}, Random(0))
    it.grants(0)
    return it


def ask(it: Governor, count: int, now: float) -> None:
    it.reserve([Need(f"{now}/{n}", "a", 1, M, "r", 0, 10, 10) for n in range(count)], now)


def test_waits_are_told_when_they_are_long_now_and_then_and_when_they_are_over() -> None:
    it, reports, told = governor(), Reports(), list[tuple[int, ModelHeld]]()
    ask(it, 30, 0)
    for second in range(60):
        it.grants(second)
        told += [(second, event) for event in reports.due(it, second)]
    assert [at for at, _ in told] == [TOLD_FROM_S, TOLD_FROM_S + EVERY_S, TOLD_FROM_S + 2 * EVERY_S, 30]
    first, last = told[0][1], told[-1][1]
    assert (first.by, first.limit, first.left, first.held_s, first.waiting) == ("requests", 60, 0, 5.0, 25)
    assert (last.waiting, last.held_s) == (0, 0.0)


def test_short_waits_are_not_told() -> None:
    it, reports = governor(6000), Reports()
    for second in range(30):
        ask(it, 50, second)
        it.grants(second + 0.9)
        assert reports.due(it, second + 0.9) == []


async def test_what_a_governor_told_that_is_gone_is_taken_back() -> None:
    store = MemoryStore()
    was = ModelHeld(model=M, by="requests", waiting=5, in_flight=2, held_s=20.0)
    over = ModelHeld(model="other", by="requests", waiting=0, in_flight=0, held_s=0.0)
    await store.append("before", [was, was.model_copy(update={"model": "other"}), over])
    telling = asyncio.create_task(tell(Desk({}), store))
    (event,) = await store.read(FLEET, 3, 5)
    telling.cancel()
    assert isinstance(event, ModelHeld)
    assert (event.model, event.waiting, event.in_flight) == (M, 0, 0)


def test_refusals_are_told_at_once_and_once() -> None:
    it, reports = governor(6000), Reports()
    ask(it, 3, 0)
    granted = it.grants(1)
    for permit in granted:
        it.throttle(M, permit.need.id, 7.0, None, 1)
    (event,) = reports.due(it, 1)
    assert (event.refused, event.retry_after_s) == (3, 7.0)
    assert [event.waiting for event in reports.due(it, 2)] == [0]
    assert reports.due(it, 3) == []


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (
            ModelHeld(model=M, by="requests", waiting=40, in_flight=1, held_s=12, limit=50, left=0),
            "40 calls held, the oldest 12.0 s, by the rate limit: 0 of 50 requests/min left",
        ),
        (
            ModelHeld(model=M, by="retry_after", waiting=1, in_flight=0, held_s=3, refused=2, retry_after_s=30),
            "1 call held, the oldest 3.0 s, until the API may be asked again; 2 refused, asked to wait 30.0 s",
        ),
    ],
)
def test_the_words(event: ModelHeld, words: str) -> None:
    assert held(event) == words


def test_a_run_shows_what_is_held_now() -> None:
    view = RunView([], RunRecord("r", None, "n", "d", M, 1, None, 1, 0))
    view.apply(ModelHeld(run="", model=M, by="requests", waiting=4, in_flight=1, held_s=12, limit=50, left=0, seq=2))
    assert [told["waiting"] for told in run_json(view)["held"]] == [4]
    view.apply(ModelHeld(run="", model=M, by="requests", waiting=0, in_flight=0, held_s=0, seq=3))
    assert run_json(view)["held"] == []


def test_a_wait_for_another_call_to_begin_is_no_limit_of_the_model() -> None:
    it, reports = governor(6000), Reports()
    it.reserve([Need(name, "a", 1, M, "r", 0, 10, 10, "prefix") for name in "abc"], 0)
    assert [permit.leads for permit in it.grants(1)] == [True]
    assert [reports.due(it, second) for second in range(2, 25)] == [[]] * 23

"""Agents and the governor's desk in one process: what is said, lost, said again and granted."""

import asyncio
from collections.abc import Callable
from random import Random

import pytest

from actors import desk, permits
from actors.desk import Desk
from actors.errors import AgentGone, FleetError, ModelFaulty, RateLimited, RequestRefused
from actors.governor import reports
from actors.governor.lane import PROBES
from actors.governor.needs import Amounts, Told, Window
from actors.governor.notes import Answer, Note
from actors.journal.fleet import ModelHeld
from actors.models.calls import ModelCalls
from actors.models.limits import Limit, RateLimits
from actors.models.port import Message, Reply, Request, StopReason
from actors.models.spending import Spending
from actors.permits import GovernedPermits
from actors.stores.memory import MemoryStore
from actors.work import Usage
from tests.support.patience import ASK, DONE, Clock, Counted, Planned

M = "claude-test"
FAST = {M: Amounts(6_000_000, 0, 0)}
SLOW = {M: Amounts(60, 0, 0)}


def request(run: str = "r", path: int = 1) -> Request:
    return Request(model=M, messages=(Message(role="user", text="x" * 350),), tag=f"{run}/item/1", path=path)


def reply(**limits: Limit) -> Reply:
    told = RateLimits(**limits) if limits else None
    return Reply(text="a", stop=StopReason.END, model=M, usage=Usage(input_tokens=90, output_tokens=9), limits=told)


class Wire:
    """To a desk that can be away, that can be another one, and whose answers can be lost."""

    def __init__(self, at: Desk) -> None:
        self.desk: Desk | None = at
        self.lose = 0
        self.notes: list[Note] = []

    async def exchange(self, agent: str, generation: int, note: Note) -> Answer:
        at = self.desk
        if at is None:
            raise AgentGone("away")
        self.notes.append(note)
        answer = await at.exchange(agent, generation, note)
        if self.lose and answer.granted:
            self.lose -= 1
            raise FleetError("lost on the way")
        return answer


def line(at: Desk, agent: str = "a", generation: int = 1) -> tuple[GovernedPermits, Wire]:
    wire = Wire(at)
    return GovernedPermits(agent, generation, wire), wire


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not true():
            await asyncio.sleep(0.005)


async def test_many_calls_go_with_one_note() -> None:
    it, wire = line(Desk(FAST))
    got = await asyncio.gather(*(it.reserve(request()) for _ in range(40)))
    assert len({permit.id for permit in got}) == 40
    assert len(wire.notes) <= 2, "and one that waits"
    for permit in got:
        await it.settle(permit, reply())
    await until(lambda: not wire.desk.governor.lanes[M].in_flight)  # type: ignore[union-attr]
    assert len(wire.notes) <= 5


@pytest.mark.parametrize(("model", "asked"), [("scripted", 0), ("local", 0), ("claude-sonnet-5-5", 1)])
async def test_models_that_are_not_governed_need_no_permit(model: str, asked: int) -> None:
    clock, counted = Clock(), Counted(Clock())
    calls = ModelCalls(lambda _: Planned(clock), counted)
    assert await calls.model(model, clock, Spending()).complete(ASK) == DONE
    assert (counted.granted, len(counted.settled)) == (asked, asked)


async def test_a_process_gets_ready_once_before_it_asks() -> None:
    order: list[str] = []
    at = Desk(FAST)
    wire = Wire(at)
    it = GovernedPermits("a", 1, wire, lambda: order.append(f"ready, {len(wire.notes)} notes"))
    await asyncio.gather(*(it.reserve(request()) for _ in range(3)))
    assert order == ["ready, 0 notes"]
    broken = GovernedPermits("b", 1, Wire(at), lambda: 1 / 0)
    await asyncio.wait_for(broken.reserve(request()), 5)


async def test_a_call_that_is_given_up_while_it_waits_leaves_nothing() -> None:
    at = Desk(SLOW)
    it, _ = line(at)
    waiting = [asyncio.ensure_future(it.reserve(request())) for _ in range(3)]
    await until(lambda: M in at.governor.lanes and len(at.governor.lanes[M].turns) == 3)
    for one in waiting:
        one.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    await until(lambda: len(at.governor.lanes[M].turns) == 0)
    assert not at.governor.lanes[M].in_flight


async def test_without_a_governor_calls_wait_and_go_on_with_the_next(caplog: pytest.LogCaptureFixture) -> None:
    it, wire = line(Desk(FAST))
    held = await it.reserve(request())
    wire.desk = None
    waiting = asyncio.ensure_future(it.reserve(request()))
    await asyncio.sleep(0.5)
    assert not waiting.done()
    assert caplog.text.count("the governor does not answer") == 1
    wire.desk = Desk(FAST)
    await waiting
    assert held.id in wire.desk.governor.lanes[M].in_flight, "it was told what is held"


async def test_a_new_governor_is_told_the_limits_and_begins_empty() -> None:
    it, wire = line(Desk({}))
    first = await it.reserve(request())
    await it.settle(first, reply(requests=Limit(limit=60, remaining=40)))
    await until(lambda: wire.desk.governor.lanes[M].buckets[0].rate == 1)  # type: ignore[union-attr]
    wire.desk = Desk({})
    waiting = [asyncio.ensure_future(it.reserve(request())) for _ in range(10)]
    await until(lambda: wire.desk is not None and M in wire.desk.governor.lanes)
    assert wire.desk.governor.lanes[M].buckets[0].rate == 1
    await asyncio.sleep(0.2)
    assert not any(one.done() for one in waiting)
    for one in waiting:
        one.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)


async def test_grants_that_got_lost_are_given_again_and_not_anew() -> None:
    it, wire = line(Desk(FAST))
    wire.lose = 2
    got = await asyncio.gather(*(it.reserve(request()) for _ in range(5)))
    lane = wire.desk.governor.lanes[M]  # type: ignore[union-attr]
    assert {permit.id for permit in got} == set(lane.in_flight)
    assert lane.buckets[0].charged == 5


async def test_a_dead_process_holds_nothing_once_the_next_one_speaks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk, "POLL_S", 0.05)
    at = Desk({})
    old, wire = line(at)
    granted = [asyncio.ensure_future(old.reserve(request())) for _ in range(PROBES + 2)]
    await until(lambda: sum(one.done() for one in granted) == PROBES)
    wire.desk = None
    new, _ = line(at, generation=2)
    await asyncio.wait_for(new.reserve(request()), 5)
    assert [id_.split("/")[1] for id_ in at.governor.lanes[M].in_flight] == ["2"]
    late = await at.exchange("a", 1, Note(boot=at.boot, waits=True, whole=True))
    assert late.granted == ()
    for one in granted:
        one.cancel()
    await asyncio.gather(*granted, return_exceptions=True)


async def test_an_agent_that_is_not_heard_of_loses_its_place_and_gets_it_back(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, seconds in {"POLL_S": 0.05, "SILENT_S": 0.2, "SWEEP_S": 0.05}.items():
        monkeypatch.setattr(desk, name, seconds)
    monkeypatch.setattr(permits, "RETRY_S", 0.02)
    at = Desk(SLOW)
    it, wire = line(at)
    waiting = [asyncio.ensure_future(it.reserve(request())) for _ in range(2)]
    await until(lambda: M in at.governor.lanes and len(at.governor.lanes[M].turns) == 2)
    wire.desk = None
    await until(lambda: len(at.governor.lanes[M].turns) == 0)
    wire.desk = at
    await asyncio.wait_for(asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED), 5)
    for one in waiting:
        one.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)


async def test_what_a_failure_tells_the_governor() -> None:
    at = Desk({})
    it, _ = line(at)
    lane = None
    for answer, charged in (
        (reply(), 1.0),
        (ModelFaulty("reset"), 2.0),
        (RequestRefused("400"), 3.0),
        (None, 4.0),
    ):
        await it.settle(await it.reserve(request()), answer)
        lane = at.governor.lanes[M]
        assert lane.buckets[0].charged == charged
    limited = RateLimited("429")
    limited.retry_after_s = 30.0
    await it.settle(await it.reserve(request()), limited)
    await until(lambda: at.governor.lanes[M].brake.until > 0)
    assert lane
    assert lane.buckets[0].charged == 4.0, "a call that was refused took nothing"


async def test_limits_are_told_as_they_came() -> None:
    told = permits._told(
        RateLimits(requests=Limit(limit=50, remaining=49), input_tokens=Limit(limit=9, remaining=2000))
    )
    assert told == Told(Window(50, 49, 0), Window(9, 2000, 1000), None)


@pytest.mark.parametrize("seed", range(3))
async def test_whatever_dies_every_call_gets_its_permit_once(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(permits, "RETRY_S", 0.01)
    random, wires = Random(seed), list[Wire]()
    done: list[str] = []

    async def work(it: GovernedPermits) -> None:
        for _ in range(15):
            permit = await it.reserve(request(run=random.choice("xy")))
            await asyncio.sleep(random.random() * 0.004)
            done.append(permit.id)
            await it.settle(permit, reply())

    async def break_things() -> None:
        while True:
            await asyncio.sleep(random.random() * 0.03)
            new = random.choice([None, Desk(FAST)])
            for wire in wires:
                wire.desk, wire.lose = new, random.choice([0, 1])
            await asyncio.sleep(0.01)
            new = new or Desk(FAST)
            for wire in wires:
                wire.desk = new

    lines = [line(Desk(FAST), agent) for agent in "abc"]
    wires += [wire for _, wire in lines]
    shared = Desk(FAST)
    for wire in wires:
        wire.desk = shared
    breaking = asyncio.ensure_future(break_things())
    async with asyncio.timeout(30):
        await asyncio.gather(*(work(it) for it, _ in lines for _ in range(8)))
    breaking.cancel()
    assert len(done) == len(set(done)) == 3 * 8 * 15


async def test_long_waits_get_into_the_journal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk, "TELL_S", 0.01)
    monkeypatch.setattr(reports, "TOLD_FROM_S", 0.05)
    at, store = Desk(SLOW), MemoryStore()
    it, _ = line(at)
    waiting = [asyncio.ensure_future(it.reserve(request())) for _ in range(3)]
    telling = asyncio.ensure_future(desk.tell(at, store))
    await until(lambda: bool(store.journal))
    for one in waiting:
        one.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    await until(lambda: len(store.journal) > 1)
    telling.cancel()
    first, *_, last = store.journal
    assert isinstance(first, ModelHeld)
    assert isinstance(last, ModelHeld)
    assert (first.by, first.waiting, last.waiting) == ("requests", 3, 0)

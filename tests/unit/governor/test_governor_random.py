"""The governor against a model API with real token buckets, over random histories."""

from itertools import pairwise
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.governor.governor import Governor
from actors.governor.lane import PROBES
from actors.governor.needs import Amounts, Need
from actors.governor.turns import Turns
from tests.support.limited import Limits, Shape, World

limits = st.builds(
    Limits,
    requests=st.sampled_from([60, 1200, 4000]),
    tokens=st.sampled_from([20_000, 60_000, 400_000]),
    burst_s=st.sampled_from([2.0, 5.0, 60.0]),
).filter(lambda it: it.requests * it.burst_s / 60 > PROBES)
shapes = st.builds(
    Shape,
    calls=st.integers(1, 120),
    runs=st.integers(1, 3),
    concurrency=st.integers(1, 150),
    latency_s=st.sampled_from([0.05, 0.3, 4.0]),
    arrival_s=st.sampled_from([0.0, 0.02]),
    noise=st.sampled_from([0.0, 0.3]),
    prefixes=st.sampled_from([0, 1, 5]),
    told_late=st.booleans(),
)
seeds = st.integers(0, 2**32)


def lasts_at_most(world: World) -> float:
    """Twice what the limits ask for, and a few answers' time before they are known."""
    calls = world.shape.calls * world.shape.runs
    by_limits = max(calls / world.server[0].rate, 150 * calls / world.server[1].rate)
    by_concurrency = world.shape.latency_s * (3 + calls / min(8, world.shape.concurrency))
    return 30 + 2 * by_limits + by_concurrency


@settings(max_examples=60)
@given(limits, shapes, seeds)
def test_no_call_is_refused_and_all_are_granted_in_time(limits: Limits, shape: Shape, seed: int) -> None:
    world = World(limits, shape, seed)
    world.run(until=lasts_at_most(world))
    assert world.refused == 0


@settings(max_examples=60)
@given(limits, shapes, seeds, st.lists(st.floats(5, 30), max_size=3), st.lists(st.floats(5, 30), max_size=3))
def test_neither_deaths_of_the_governor_nor_of_agents_get_a_call_refused(
    limits: Limits, shape: Shape, seed: int, restarts: list[float], kills: list[float]
) -> None:
    world = World(limits, shape, seed)
    for when in restarts:
        world.at(when, world.restart_governor)
    for when in kills:
        world.at(when, world.kill_agent)
    world.run(until=lasts_at_most(world) + (30 + 2 * shape.latency_s) * len(restarts + kills) * 4)
    assert world.refused == 0


@settings(max_examples=8)
@given(seeds, st.booleans())
def test_work_without_end_gets_nearly_all_of_the_limit(seed: int, told_late: bool) -> None:
    shape = Shape(calls=1500, concurrency=100, told_late=told_late)
    world = World(Limits(), shape, seed)
    world.run()
    assert world.refused == 0
    assert world.share() > 0.96


needs = st.lists(st.tuples(st.integers(1, 4000), st.sampled_from("abc")), min_size=2, max_size=60)


@settings(max_examples=100)
@given(needs, st.lists(st.floats(0.001, 3), max_size=80), seeds)
def test_no_window_of_time_holds_more_than_a_limit_allows(
    wanted: list[tuple[int, str]], steps: list[float], seed: int
) -> None:
    governor = Governor({"m": Amounts(120, 60_000, 0)}, Random(seed))
    governor.reserve([Need(str(n), "a", 1, "m", run, 0, size, 1) for n, (size, run) in enumerate(wanted)], 0.0)
    now, granted = 0.0, list[tuple[float, Amounts]]()
    for step in [0.0, *steps, *[60.0] * len(wanted)]:
        now += step
        granted += [(now, permit.reserved) for permit in governor.grants(now)]
    assert len(granted) == len(wanted)
    for start in range(len(granted)):
        span = granted[start:]
        for end in range(len(span)):
            seconds = span[end][0] - span[0][0]
            for place, rate in ((0, 2), (1, 1000)):
                # nobody told more than a second's burst; a call bigger than that is paid back afterwards
                taken = sum(amounts[place] for _, amounts in span[: end + 1])
                assert taken <= rate * seconds + max(rate, span[end][1][place]) + 1e-6


def test_a_window_of_a_ceiling_is_not_wasted_either() -> None:
    governor = Governor({"m": Amounts(120, 0, 0)}, Random(0))
    governor.reserve([Need(str(n), "a", 1, "m", "r", 0, 10, 1) for n in range(100)], 0.0)
    granted = sum(len(governor.grants(tick / 100)) for tick in range(4000))
    assert 78 <= granted <= 81


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, 9)), max_size=200))
def test_runs_that_wait_side_by_side_use_the_same(calls: list[tuple[str, int]]) -> None:
    turns, shares = Turns(), dict[str, int]()
    for number, (run, share) in enumerate(calls):
        turns.add(Need(str(number), "a", 1, "m", run, 0, 1, 1))
        shares[str(number)] = share
    left = {run: [s for r, s in calls if r == run] for run in "abc"}
    used = dict.fromkeys("abc", 0)
    while turns.next() and all(left.values()):
        head = turns.next()
        assert head
        turns.take(shares[head.id])
        used[head.run] += shares[head.id]
        left[head.run].pop(0)
        assert all(abs(one - other) <= 9 for one, other in pairwise([*used.values(), used["a"]]))


@given(st.lists(st.tuples(st.sampled_from(["add", "take", "withdraw"]), st.integers(0, 30)), max_size=200))
def test_turns_hand_out_each_call_once_and_forget_none(steps: list[tuple[str, int]]) -> None:
    turns, waiting = Turns(), set[str]()
    for what, number in steps:
        id_ = str(number)
        if what == "add":
            turns.add(Need(id_, "a", 1, "m", f"r{number % 3}", number % 4, 1, 1))
            waiting.add(id_)
        elif what == "withdraw":
            turns.withdraw([id_])
            waiting.discard(id_)
        elif head := turns.next():
            assert turns.take(1.0) is head
            waiting.remove(head.id)
        assert len(turns) == len(waiting)
        assert (turns.next() is None) == (not waiting)


@pytest.mark.parametrize("restart", [False, True])
def test_a_governor_that_comes_back_gives_what_is_left(restart: bool) -> None:
    world = World(Limits(), Shape(calls=1500, concurrency=100), 1)
    if restart:
        world.at(40.0, world.restart_governor)
    world.run()
    assert world.refused == 0
    assert world.share() > 0.96

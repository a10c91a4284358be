"""The governor, rule by rule."""

from random import Random

import pytest

from actors.governor.brake import BACKOFF_MAX_S, RETRY_AFTER_MAX_S, Brake
from actors.governor.governor import Governor
from actors.governor.lane import PROBES
from actors.governor.needs import Amounts, Need, Permit, Told, Window, counted
from actors.work import Usage

M = "claude-test"
USAGE = counted(Usage(input_tokens=100, output_tokens=10))
PLENTY = Told(Window(6000, 6000), Window(6e6, 6e6), Window(6e6, 6e6))


def need(id_: str, run: str = "r", priority: float = 1, size: int = 350, agent: str = "a", generation: int = 1) -> Need:
    return Need(id_, agent, generation, M, run, priority, size, 100)


def governor(**ceilings: float) -> Governor:
    limits = Amounts(**({"requests": 0, "input_tokens": 0, "output_tokens": 0} | ceilings)) if ceilings else None
    return Governor({M: limits} if limits else {}, Random(0))


def open_governor() -> Governor:
    """One that knows that the model's limits are far away."""
    it = governor()
    it.reserve([need("first")], 0)
    it.grants(0)
    it.settle(M, "first", USAGE, PLENTY, 0)
    return it


def ask(it: Governor, *needs: Need, now: float = 0) -> None:
    """Nothing can go yet."""
    it.reserve(needs, now)
    assert it.grants(now) == []


def ids(permits: list[Permit]) -> list[str]:
    return [permit.need.id for permit in permits]


def drain(it: Governor, seconds: float, step: float = 0.01) -> list[str]:
    return [id_ for tick in range(int(seconds / step)) for id_ in ids(it.grants(tick * step))]


def test_the_longest_path_goes_first_and_then_whoever_came_first() -> None:
    it = governor(requests=60)
    it.reserve([need("x", priority=1), need("y", priority=3), need("z", priority=3), need("w", priority=2)], 0)
    assert drain(it, 5) == ["y", "z", "w", "x"]


def test_runs_take_turns_whatever_their_priorities() -> None:
    it = governor(requests=60)
    it.reserve([need(f"a{n}", "a", 100) for n in range(3)] + [need(f"b{n}", "b") for n in range(3)], 0)
    assert "".join(id_[0] for id_ in drain(it, 7)) in ("ababab",)


def test_a_run_of_big_calls_waits_longer_between_them() -> None:
    it = governor(input_tokens=60_000)
    it.reserve([need(f"a{n}", "a", size=3500) for n in range(9)] + [need(f"b{n}", "b") for n in range(9)], 0)
    order = drain(it, 20)
    assert "".join(id_[0] for id_ in order[:10]) == "abbbbbbbbb", "nine small ones cost less than one big one"


def test_a_run_that_comes_later_does_not_get_what_it_did_not_use_before() -> None:
    it = governor(requests=60)
    it.reserve([need(f"a{n}", "a") for n in range(20)], 0)
    drain(it, 10)
    it.reserve([need(f"b{n}", "b") for n in range(5)], 10)
    later = [id_[0] for tick in range(600) for id_ in ids(it.grants(10 + tick / 100))]
    assert sorted(later) == ["a", "a", "a", "b", "b", "b"]


def test_a_big_call_is_not_overtaken_and_goes_though_it_never_fits() -> None:
    it = governor(input_tokens=6000)
    it.reserve([need("big", size=35_000, priority=2)], 0)
    it.reserve([need(f"small{n}") for n in range(3)], 0)
    assert drain(it, 90)[0] == "big"
    assert ids(it.grants(91)) == [], "its ten thousand tokens are paid back first"
    assert sorted(ids([p for at in range(92, 200) for p in it.grants(at)])) == ["small0", "small1", "small2"]


def test_calls_to_a_model_that_told_nothing_yet_are_few() -> None:
    it = governor()
    it.reserve([need(str(n)) for n in range(50)], 0)
    assert len(it.grants(0)) == PROBES
    held = it.lanes[M].held(0)
    assert held
    assert held.by == "first_answers"
    it.settle(M, "0", USAGE, None, 0)
    assert len(it.grants(0)) == 50 - PROBES, "no limits were told, so there are none"


def test_what_a_reply_tells_is_believed_and_half_of_it_planned_with() -> None:
    it = governor()
    it.reserve([need(str(n)) for n in range(100)], 0)
    assert len(it.grants(0)) == PROBES
    it.settle(M, "0", USAGE, Told(requests=Window(60, 40)), 0)
    assert len(it.grants(0)) == 40 - (PROBES - 1) - 20
    assert len(it.grants(10)) == 10


def test_less_than_expected_is_believed_too() -> None:
    it = governor(requests=6000)
    it.reserve([need(str(n)) for n in range(100)], 0)
    assert len(it.grants(1)) == 50, "half of a second's, as nobody told more"
    it.settle(M, "0", USAGE, Told(requests=Window(60, 0)), 1)
    assert it.grants(1) == []


def test_a_persons_ceiling_holds_against_a_wider_limit() -> None:
    it = governor(requests=60)
    ask(it, *(need(str(n)) for n in range(50)))
    first = it.grants(1)
    it.settle(M, first[0].need.id, USAGE, Told(requests=Window(6000, 100)), 1)
    assert it.lanes[M].buckets[0].rate == 1


def test_cached_tokens_are_not_charged_and_the_rest_comes_back() -> None:
    it = governor(input_tokens=6000)
    ask(it, need("x", size=3500), need("y", size=35))
    assert ids(it.grants(10)) == ["x"]
    it.settle(
        M, "x", counted(Usage(input_tokens=20, output_tokens=1, cache_write_tokens=30, cache_read_tokens=900)), None, 10
    )
    assert ids(it.grants(10.5)) == ["y"]
    assert it.lanes[M].buckets[1].charged == pytest.approx(50 + 10 * (1 + 0.05) / 2)


def test_what_is_told_in_thousands_is_known_that_well() -> None:
    it = governor()
    it.reserve([need(str(n), size=3500) for n in range(100)], 0)
    assert len(it.grants(0)) == PROBES
    it.settle(M, "0", Amounts(1, 1000, 10), Told(input_tokens=Window(60_000, 40_000, 1000)), 0)
    assert len(it.grants(0)) == (39_500 - 39_500 / 2 - (PROBES - 1) * 1000) // 1000


def test_a_call_that_nobody_knows_of_stays_charged() -> None:
    it = governor(requests=60)
    ask(it, need("x"), need("y"))
    assert ids(it.grants(1)) == ["x"]
    it.settle(M, "x", None, None, 1)
    assert it.grants(1) == []
    assert ids(it.grants(3)) == ["y"]


def test_estimates_follow_what_the_calls_take() -> None:
    it = open_governor()
    for n in range(100):
        it.reserve([need(str(n), size=3500)], n)
        it.grants(n)
        it.settle(M, str(n), Amounts(1, 2000, 5), None, n)
    amounts = it.lanes[M].estimates.of(need("x", size=3500))
    assert amounts.input_tokens == pytest.approx(2000, rel=0.02)
    assert amounts.output_tokens == pytest.approx(5, rel=0.3)


def test_a_refusal_holds_the_whole_model_and_no_other() -> None:
    it = open_governor()
    it.reserve([need(str(n)) for n in range(10)], 1)
    assert len(it.grants(1)) == 10
    it.throttle(M, "0", 7.0, None, 1)
    it.reserve([need("x"), need("y")._replace(model="other")], 1)
    assert ids(it.grants(2)) == ["y"]
    assert it.wake_at(2) == 8.0
    assert it.grants(7.9) == []


def test_after_a_refusal_half_as_many_go_and_slowly_more() -> None:
    it = open_governor()
    it.reserve([need(str(n)) for n in range(40)], 1)
    assert len(it.grants(1)) == 40
    for n in range(40):
        it.throttle(M, str(n), 1.0, None, 1)
    assert it.lanes[M].brake.window == 20, "forty refusals of one burst are one"
    it.reserve([need(f"n{n}") for n in range(100)], 2)
    again = ids(it.grants(3))
    assert len(again) == 20
    for id_ in again:
        it.settle(M, id_, USAGE, None, 3)
    assert it.lanes[M].brake.window == pytest.approx(20.5, abs=0.1), "one more per window that was full"


def test_a_long_retry_after_is_capped_and_remembered() -> None:
    brake = Brake(Random(0))
    brake.refused(86_400, 0, 1, 10)
    assert brake.until == 10 + RETRY_AFTER_MAX_S
    assert brake.asked_s == 86_400


def test_without_a_retry_after_the_hold_doubles() -> None:
    brake, holds = Brake(Random(0)), []
    now = 1.0
    for _ in range(12):
        brake.refused(None, now, 4, now + 0.5)
        holds.append(brake.until - now - 0.5)
        now = brake.until + 1
    assert all(2.0**n / 2 <= hold <= 2.0**n for n, hold in enumerate(holds[:6]))
    assert all(BACKOFF_MAX_S / 2 <= hold <= BACKOFF_MAX_S for hold in holds[6:])
    assert brake.window == 1, "never none at all"


def test_asking_twice_is_asking_once() -> None:
    it = governor(requests=60)
    ask(it, need("x"), need("x"))
    (permit,) = it.grants(1)
    assert it.reserve([need("x")], 1) == [permit], "the answer got lost, so it is given again"
    assert it.grants(60) == []


def test_permits_of_a_dead_generation_expire() -> None:
    it = governor(requests=60)
    ask(it, need("held"), need("waits"), need("other", agent="b"))
    assert ids(it.grants(1)) == ["held"]
    it.began("a", 2)
    lane = it.lanes[M]
    assert (len(lane.in_flight), len(lane.turns)) == (0, 1)
    it.reserve([need("late", generation=1)], 2)
    assert len(lane.turns) == 1, "a process that is gone asks for nothing"
    assert ids(it.grants(2)) == ["other"]


def test_who_does_not_wait_any_more_costs_nothing() -> None:
    it = governor(requests=60)
    ask(it, need("x"), need("y"), need("z"))
    assert ids(it.grants(1)) == ["x"]
    it.withdraw(M, ["x", "y"], 1)
    assert ids(it.grants(1)) == ["z"]


def test_limits_that_an_earlier_governor_learnt_hold_from_the_start() -> None:
    it = governor()
    it.recall(M, Told(requests=Window(60, 60)), 0)
    it.reserve([need(str(n)) for n in range(50)], 0)
    assert len([p for tick in range(1001) for p in it.grants(tick / 100)]) == 10


def test_a_governor_that_comes_back_begins_empty_and_is_told_who_calls() -> None:
    it = governor()
    it.hold([need(str(n)) for n in range(20)], 50)
    it.reserve([need("x")], 50)
    assert it.grants(50) == []
    it.settle(M, "0", USAGE, Told(requests=Window(60, 19)), 51)
    assert it.grants(51) == [], "nineteen of them may not have arrived"
    it.settle(M, "1", USAGE, Told(requests=Window(60, 30)), 52)
    assert ids(it.grants(52)) == ["x"]

"""Who hangs: fed with rounds of pings, every sentence of the rule once, and any machine that is slow as a whole."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.health.decisions import Admit, Guilty, Restart
from actors.health.hangs import Hang, Hangs, Stuck
from actors.health.observations import Overdue, Ping, Round, Started
from actors.settings import HealthSettings
from actors.work import RestartCause
from tests.support.supervision import T0, A, Stage, told

SETTINGS = HealthSettings()
B, C = "executor-1", "store"


def quick(agent: str, now: float, node: str = "n", tick_age: float = 0.1, late: tuple[Overdue, ...] = ()) -> Ping:
    return Ping(agent, 1, node, now - 0.5, now, tick_age, late)


def silent(agent: str, since: float, node: str = "n") -> Ping:
    return Ping(agent, 1, node, since, None)


def ended(verdicts: list[Hang | Stuck]) -> list[str]:
    return [verdict.ping.agent for verdict in verdicts]


def judge(now: float, *pings: Ping, hangs: Hangs | None = None, late_s: float = 0.0) -> list[str]:
    return ended((hangs or Hangs(SETTINGS)).judge(Round(pings, late_s), now))


def test_a_loop_that_does_not_move_hangs() -> None:
    assert judge(0, quick(A, 0, tick_age=9.5), quick(B, 0)) == []
    assert judge(0, quick(A, 0, tick_age=10), quick(B, 0)) == [A]
    assert judge(0, quick(A, 0, tick_age=10)) == [A], "its own quick answer shows that the machine is well"


def test_silence_hangs_if_others_of_the_node_answered_meanwhile() -> None:
    assert judge(14.5, silent(A, 0), quick(B, 14.5)) == []
    assert judge(15, silent(A, 0), quick(B, 15)) == [A]
    assert judge(15, silent(A, 0), quick(B, 15, node="other")) == []
    assert judge(15, silent(A, 0)) == []
    assert judge(15, silent(A, 0), Ping(B, 1, "n", -4.5, -0.5)) == [], "an answer of before says nothing"
    assert judge(15, silent(A, 0), Ping(B, 1, "n", -4, 0)) == [A]
    assert judge(15, silent(A, 0), silent(B, 12)) == [], "quick so far is no answer"
    assert judge(15, silent(A, 0), silent(B, 12), quick(C, 15, node="other")) == []


def test_several_hang_at_once_if_one_answers() -> None:
    assert judge(15, silent(A, 0), silent(B, 0), quick(C, 15)) == [A, B]


def test_a_round_that_the_monitor_was_late_for_is_discarded() -> None:
    hung = (quick(A, 30, tick_age=30), silent(B, 0), quick(C, 30))
    assert judge(30, *hung, late_s=2.5) == []
    assert judge(30, *hung, late_s=2) == [A, B]


def test_after_a_late_round_everything_is_counted_anew() -> None:
    hangs = Hangs(SETTINGS)
    judge(100, hangs=hangs, late_s=20)
    for now, tick_age, hung in ((109.5, 29.5, []), (110, 30, [A])):
        assert judge(now, quick(A, now, tick_age=tick_age), silent(B, 70), quick(C, now), hangs=hangs) == hung
    assert judge(114.5, silent(B, 70), quick(C, 114.5), hangs=hangs) == []
    assert judge(115, silent(B, 70), quick(C, 115), hangs=hangs) == [B]


def test_a_machine_on_which_all_are_slow_restarts_nobody() -> None:
    hangs = Hangs(SETTINGS)
    for now in range(0, 60, 2):
        slow = Ping(B, 1, "n", now - 5.5, now)
        assert judge(now, silent(A, 0), slow, hangs=hangs) == []
    assert judge(60, silent(A, 0), quick(B, 60), hangs=hangs) == [], "slow until a moment ago"
    assert judge(72.5, silent(A, 0), quick(B, 72.5), hangs=hangs) == []
    assert judge(73, silent(A, 0), quick(B, 73), hangs=hangs) == [A], "15 s since all were slow"


def test_an_answer_that_takes_just_long_enough_is_quick() -> None:
    assert judge(15, silent(A, 0), Ping(B, 1, "n", 10, 15)) == [A]
    assert judge(15, silent(A, 0), Ping(B, 1, "n", 9.5, 15)) == []


def test_a_slow_node_excuses_no_other_node() -> None:
    assert judge(20, silent(A, 0, "m"), silent(B, 0), quick(C, 20), silent("x", 0, "m")) == [B]


def test_a_stale_loop_on_a_slow_machine_is_excused() -> None:
    slow = Ping(A, 1, "n", -6, 0, tick_age_s=20)
    assert judge(0, slow) == []
    assert judge(0, slow, quick(B, 0)) == [A]


def test_after_a_long_time_nobody_has_to_bear_witness() -> None:
    hangs = Hangs(SETTINGS)
    for now in range(0, 90, 2):
        assert judge(now, silent(A, 0), silent(B, 0), hangs=hangs) == []
    assert judge(90, silent(A, 0), silent(B, 0), hangs=hangs) == [A, B]
    assert judge(90, silent(A, 0.5)) == []


def test_the_long_time_too_is_counted_from_the_last_late_round() -> None:
    hangs = Hangs(SETTINGS)
    judge(50, hangs=hangs, late_s=3)
    assert judge(139.5, silent(A, 0), hangs=hangs) == []
    assert judge(140, silent(A, 0), hangs=hangs) == [A]


LATE = Overdue("r", "i", 2, timeout_s=600, over_s=5.5)


def test_an_item_over_its_timeout_and_the_grace_ends_its_process() -> None:
    assert judge(0, quick(A, 0, tick_age=0, late=(LATE._replace(over_s=5),))) == []
    verdicts = Hangs(SETTINGS).judge(Round((quick(A, 0, tick_age=0, late=(LATE,)),)), 0)
    assert verdicts == [Stuck(quick(A, 0, tick_age=0, late=(LATE,)), (LATE,))]


def test_only_items_over_the_grace_are_guilty() -> None:
    young = LATE._replace(item="young", over_s=1)
    verdicts = Hangs(SETTINGS).judge(Round((quick(A, 0, tick_age=0, late=(young, LATE)),)), 0)
    assert [verdict.attempts for verdict in verdicts if isinstance(verdict, Stuck)] == [(LATE,)]


def test_a_blocked_loop_makes_no_item_guilty() -> None:
    assert judge(0, quick(A, 0, tick_age=0.5, late=(LATE,))) == []
    verdicts = Hangs(SETTINGS).judge(Round((quick(A, 0, tick_age=12, late=(LATE._replace(over_s=100),)),)), 0)
    assert [type(verdict) for verdict in verdicts] == [Hang]


def test_a_grace_that_passed_while_the_machine_stood_still_was_none() -> None:
    hangs = Hangs(SETTINGS)
    judge(0, hangs=hangs, late_s=20)
    for now, hung in ((5, []), (5.5, [A])):
        assert judge(now, quick(A, now, tick_age=0, late=(LATE._replace(over_s=100),)), hangs=hangs) == hung


ages = st.floats(0, 600)


@given(st.lists(st.tuples(st.sampled_from("nm"), st.floats(5.001, 89), st.booleans(), ages), min_size=1, max_size=6))
def test_no_machine_that_is_slow_as_a_whole_restarts_anybody(actors: list[tuple[str, float, bool, float]]) -> None:
    pings = [
        Ping(str(n), 1, node, 1000 - age, 1000 if answered else None, tick_age, (LATE._replace(over_s=tick_age),))
        for n, (node, age, answered, tick_age) in enumerate(actors)
    ]
    assert judge(1000, *pings) == []


@given(
    st.lists(st.tuples(st.sampled_from("nm"), ages, st.booleans(), ages), min_size=1, max_size=6), st.floats(2.001, 99)
)
def test_no_late_monitor_restarts_anybody(actors: list[tuple[str, float, bool, float]], late_s: float) -> None:
    pings = [
        Ping(str(n), 1, node, 1000 - age, 1000 if answered else None, tick_age)
        for n, (node, age, answered, tick_age) in enumerate(actors)
    ]
    assert judge(1000, *pings, late_s=late_s) == []


@given(st.floats(0.5, 4), st.floats(0, 4))
def test_who_stops_answering_is_found_in_time(every_s: float, latency_s: float) -> None:
    hangs, now = Hangs(SETTINGS), 0.0
    while True:
        now += every_s
        if judge(now, silent(A, 0), Ping(B, 1, "n", now - latency_s, now), hangs=hangs):
            break
    assert 15 <= now < 15 + every_s + 1e-6


def test_a_hang_is_one_fault_and_a_restart() -> None:
    stage = Stage()
    stage.work()
    decisions = stage.see(Round((quick(A, T0, tick_age=11), quick(B, T0))))
    assert told(decisions) == [("error", 1), ("restarted", 1, "hang"), ("restart", 1, "hang")]
    assert decisions[2] == Restart(A, 1, RestartCause.HANG, "its loop has not moved for 11 s")
    assert told(stage.see(Round((quick(A, T0, tick_age=12), quick(B, T0))))) == [], "once for each process"
    stage.start(2)
    assert stage.tick(0.5) == [("admit", 2, 0.5, False)]


def test_a_hang_as_the_fifth_fault_restarts_once() -> None:
    stage = Stage()
    stage.work()
    for _ in range(4):
        stage.fault()
    assert told(stage.see(Round((quick(A, T0, tick_age=11),)))) == [
        ("error", 5),
        ("degraded", 5, False),
        ("restarted", 1, "hang"),
        ("restart", 1, "hang"),
    ]


def test_a_process_that_has_a_successor_is_not_ended_for_hanging() -> None:
    stage = Stage()
    stage.work()
    stage.start(2)
    assert told(stage.see(Round((quick(A, T0, tick_age=11),)))) == []


def test_the_guilty_are_handed_to_the_next_process() -> None:
    stage = Stage()
    stage.work()
    decisions = stage.see(Round((quick(A, T0, tick_age=0, late=(LATE,)),)))
    assert told(decisions) == [("restarted", 1, "overdue"), ("restart", 1, "overdue")]
    why = "item 'i' of run r went on 6 s after its timeout of 600 s and could not be stopped"
    guilty = (Guilty("r", "i", 2, why),)
    assert decisions[1] == Restart(A, 1, RestartCause.OVERDUE, why, guilty)
    assert stage.health.handle(Started(A, 2), T0) == [Admit(A, 2, T0, explained=True, guilty=guilty)]


@pytest.mark.parametrize("tick_age", [0, 11])
def test_pings_of_ended_processes_are_old_news(tick_age: float) -> None:
    stage = Stage()
    stage.work()
    stage.crash()
    assert told(stage.see(Round((quick(A, T0, tick_age=tick_age, late=(LATE,)),)))) == []

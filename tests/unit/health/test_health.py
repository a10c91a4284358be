"""Supervision of one agent: faults, restarts, giving up; every sentence of the rules once."""

import pytest

from actors.events import AgentErrorRecorded, AgentFailed, AgentRestarted
from actors.health.decisions import GiveUp, Record, Restart
from actors.health.observations import (
    Admitted,
    Died,
    Fault,
    Found,
    Ping,
    Requested,
    Reset,
    Round,
)
from actors.settings import HealthSettings
from actors.work import RestartCause
from tests.support.supervision import T0, A, Stage, at_work, told


def test_a_first_process_is_admitted_at_once() -> None:
    stage = Stage()
    assert stage.start() == [("admit", 1, 0.0, True)]
    stage.see(Admitted(A, 1))
    assert stage.tick(100) == []
    assert stage.health.wake_at() is None


def test_two_faults_are_healthy() -> None:
    stage = at_work()
    assert [stage.fault() for _ in range(2)] == [[("error", 1)], [("error", 2)]]
    health = stage.health.agent(A, T0)
    assert (health.error_count, health.is_healthy, health.last_error, health.last_restart) == (2, True, "boom", None)


def test_three_faults_degrade_and_so_does_the_fourth() -> None:
    stage = at_work()
    stage.fault(), stage.fault()
    assert stage.fault() == [("error", 3), ("degraded", 3, True)]
    assert stage.fault() == [("error", 4), ("degraded", 4, True)]
    assert stage.health.agent(A, T0).is_healthy


def test_five_faults_within_the_window_restart_and_the_count_is_back_to_zero() -> None:
    stage = at_work()
    for stage.now in (0, 15, 30, 45):
        stage.fault()
    stage.now = 60
    decisions = stage.see(Fault(A, 1, "the fifth"))
    assert told(decisions) == [
        ("error", 5),
        ("degraded", 5, False),
        ("restarted", 1, "threshold"),
        ("restart", 1, "threshold"),
    ]
    restarted = stage.journal[-1]
    assert isinstance(restarted, AgentRestarted)
    assert "5 faults within 60 s" in restarted.reason
    assert "the fifth" in restarted.reason
    assert stage.health.agent(A, T0 + 60) == (0, "the fifth", True, T0 + 60)
    assert stage.start(2) == []
    assert stage.tick(60.5) == [("admit", 2, 60.5, True)]
    stage.see(Admitted(A, 2))
    assert stage.health.agent(A, T0 + 90) == (0, "the fifth", True, T0 + 60)


def test_five_faults_over_more_than_the_window_do_not_restart() -> None:
    stage = at_work()
    for stage.now in (0, 15, 30, 45):
        stage.fault()
    stage.now = 60.5
    assert stage.fault() == [("error", 4), ("degraded", 4, True)]


def test_faults_count_when_they_happened_not_when_they_were_read() -> None:
    stage = at_work()
    stage.now = 20
    for at in (0, 1, 2, 3):
        stage.see(Fault(A, 1, "boom", T0 + at))
    assert stage.health.agent(A, T0 + 63).error_count == 1
    stage.now = 70
    assert told(stage.see(Fault(A, 1, "boom", T0 + 60)))[0] == ("error", 5)


def test_faults_from_long_ago_are_recorded_and_restart_nobody() -> None:
    stage = at_work()
    stage.now = 100
    stories = [told(stage.see(Fault(A, 1, "boom", T0 + at))) for at in (0, 1, 2, 3, 4)]
    assert stories[-1] == [("error", 5), ("degraded", 5, False)]
    assert stage.health.agent(A, T0 + 100).is_healthy


def test_faults_read_a_whole_window_late_still_restart() -> None:
    stage = at_work()
    stage.now = 60
    stories = [told(stage.see(Fault(A, 1, "boom", T0))) for _ in range(5)]
    assert ("restarted", 1, "threshold") in stories[-1]


def test_a_fault_from_the_future_counts_now() -> None:
    stage = at_work()
    stage.see(Fault(A, 1, "boom", T0 + 1000))
    assert stage.health.agent(A, T0).error_count == 1


def test_a_crash_is_one_fault_and_a_restart_that_nobody_has_to_carry_out() -> None:
    stage = at_work()
    stage.fault()
    decisions = stage.see(Died(A, 1, RestartCause.CRASH, "SIGKILL"))
    assert told(decisions) == [("error", 2), ("restarted", 1, "crash")]
    recorded = decisions[0]
    assert isinstance(recorded, Record)
    assert isinstance(recorded.event, AgentErrorRecorded)
    assert (recorded.event.agent, recorded.event.generation, recorded.event.message) == (A, 1, "SIGKILL")
    assert stage.health.agent(A, T0) == (0, "SIGKILL", True, T0)


def test_a_crash_as_the_fifth_fault_restarts_once() -> None:
    stage = at_work()
    for _ in range(4):
        stage.fault()
    assert stage.crash() == [("error", 5), ("degraded", 5, False), ("restarted", 1, "crash")]
    assert stage.crash() == []


def test_the_end_that_we_ordered_is_no_crash() -> None:
    stage = at_work()
    for _ in range(5):
        stage.fault()
    assert stage.crash() == []


def test_what_an_ended_process_still_says_is_recorded_and_not_held_against_the_next() -> None:
    stage = at_work()
    for _ in range(5):
        stage.fault()
    assert [stage.fault(1, f"late {n}") for n in range(11)] == [[("error", 0)]] * 11
    stage.work(2)
    assert stage.fault(1, "later") == [("error", 0)]
    assert stage.health.agent(A, T0 + stage.now).error_count == 0
    assert stage.health.agent(A, T0 + stage.now).last_error == "later"


def test_a_late_fault_of_a_process_whose_end_was_not_told_yet_ends_no_other() -> None:
    stage = at_work()
    for _ in range(4):
        stage.fault()
    stage.start(2)
    assert stage.fault(1) == [("error", 0)]


def test_three_restarts_within_the_window_are_made_and_the_fourth_is_the_end() -> None:
    stage = at_work()
    for generation in (1, 2, 3):
        assert ("restarted", generation, "crash") in stage.crash(generation)
        stage.work(generation + 1)
    stage.now = 60
    decisions = stage.see(Died(A, 4, RestartCause.CRASH, "SIGKILL"))
    assert told(decisions) == [("error", 1), ("failed",), ("give up", 4, "crash")]
    assert decisions[2] == GiveUp(A, 4, RestartCause.CRASH, "SIGKILL")
    failed = stage.journal[-1]
    assert isinstance(failed, AgentFailed)
    assert failed.reason == (
        "3 restarts within 60 s were not enough, the last cause: SIGKILL; "
        "`mnemosyne agents reset executor-0` starts it anew"
    )
    assert not stage.health.agent(A, T0 + 60).is_healthy


def test_the_fourth_restart_is_made_when_the_first_is_too_old() -> None:
    stage = at_work()
    for generation in (1, 2, 3):
        stage.crash(generation)
        stage.work(generation + 1)
    stage.now = 60.5
    assert ("restarted", 4, "crash") in stage.crash(4)


def test_too_many_faults_are_the_end_too_when_the_restarts_are_used_up() -> None:
    stage = at_work()
    for generation in (1, 2, 3):
        stage.crash(generation)
        stage.work(generation + 1)
    for _ in range(4):
        stage.fault(4)
    assert stage.fault(4) == [("error", 5), ("degraded", 5, False), ("failed",), ("give up", 4, "threshold")]


def failed() -> Stage:
    stage = Stage(HealthSettings(restarts=0))
    stage.work()
    assert stage.crash()[-1] == ("give up", 1, "crash")
    return stage


def test_a_failed_agent_stays_failed() -> None:
    stage = failed()
    assert stage.crash(2) == []
    assert stage.fault(1) == [("error", 0)]
    assert told(stage.see(Requested(A))) == []
    stage.see(Admitted(A, 2))
    assert stage.tick(1000) == []
    assert not stage.health.agent(A, T0 + 1000).is_healthy


def test_a_process_of_a_failed_agent_is_ended_whenever_it_shows_up() -> None:
    stage = failed()
    assert stage.start(2) == [("give up", 2, "crash")]
    assert told(stage.see(Found(A, 3, True))) == [("give up", 3, "crash")]
    stage.now = 6
    assert told(stage.see(Round((Ping(A, 3, "n", T0 + 6, T0 + 6),)))) == [("give up", 3, "crash")]


def test_reset_forgets_everything_but_what_people_see() -> None:
    stage = failed()
    stage.see(Reset(A))
    assert stage.health.agent(A, T0) == (0, "SIGKILL", True, None)
    assert stage.start(2) == [("admit", 2, 0.0, True)]


def test_reset_forgets_restarts_and_who_waited_and_who_was_to_end() -> None:
    stage = at_work()
    for generation in (1, 2, 3):
        stage.crash(generation)
        stage.work(generation + 1)
    stage.see(Requested(A))
    stage.see(Reset(A))
    late = T0 + stage.now + 6
    assert told(stage.health.handle(Round((Ping(A, 4, "n", late, late),)), late)) == []
    stage.start(5)
    stage.see(Reset(A))
    assert stage.health.wake_at() is None
    stage.work(6)
    begun = stage.now
    assert ("restarted", 6, "crash") in stage.crash(6)
    stage.work(7)
    assert stage.now - begun == 0.5


def test_an_agent_that_was_only_seen_to_die_is_known() -> None:
    stage = Stage()
    stage.crash(3)
    stage.see(Reset(A))
    assert stage.fault(3) == [("error", 0)]


@pytest.mark.parametrize("sight", [Fault(A, 5, "boom"), Found(A, 5, True)])
def test_an_agent_that_was_seen_to_live_can_be_restarted(sight: Fault | Found) -> None:
    stage = Stage()
    stage.see(sight)
    assert told(stage.see(Requested(A))) == [("restarted", 5, "request"), ("restart", 5, "request")]


def test_an_order_names_everything_that_its_hand_needs() -> None:
    stage = at_work()
    restart = stage.see(Requested(A))[1]
    assert restart == Restart(A, 1, RestartCause.REQUEST, "a person asked for it", ())

"""Supervision of one agent: back-off, and when the next process may take work."""

from random import Random

import pytest

from actors.health.backoff import full_jitter
from actors.health.decisions import Admit
from actors.health.observations import (
    Admitted,
    Died,
    Found,
    Ping,
    Requested,
    Round,
    Started,
    Tick,
)
from actors.settings import HealthSettings
from actors.work import RestartCause
from tests.support.supervision import T0, A, Longest, Stage, at_work, told


def test_the_back_off_doubles_with_every_restart_in_the_window() -> None:
    stage = at_work()
    waits = []
    for generation in (1, 2, 3):
        begun = stage.now
        stage.crash(generation)
        stage.work(generation + 1)
        waits.append(stage.now - begun)
    assert waits == [0.5, 1.0, 2.0]
    stage.now += 60.5
    begun = stage.now
    stage.crash(4)
    stage.work(5)
    assert stage.now - begun == 0.5


def test_the_back_off_has_a_cap() -> None:
    stage = Stage(HealthSettings(restarts=100, restarts_window_s=3600))
    stage.work()
    waits = []
    for generation in range(1, 12):
        begun = stage.now
        stage.crash(generation)
        stage.work(generation + 1)
        waits.append(stage.now - begun)
    assert waits[5:] == [16.0, 30.0, 30.0, 30.0, 30.0, 30.0]


def test_full_jitter_is_uniform_from_zero_to_the_bound_and_never_overflows() -> None:
    random = Random(1)
    waits = [full_jitter(0.5, 2, 30, random) for _ in range(1000)]
    assert 0 <= min(waits) < 0.05
    assert 1.95 < max(waits) <= 2.0
    assert 0.9 < sum(waits) / len(waits) < 1.1
    assert full_jitter(0.5, 1_000_000, 30, Longest()) == 30


def test_nobody_is_admitted_before_its_time_and_the_wake_up_tells_it() -> None:
    stage = at_work()
    stage.crash()
    assert stage.health.wake_at() is None, "there is no process yet"
    stage.now = 0.25
    assert stage.start(2) == []
    assert stage.health.wake_at() == T0 + 0.5
    assert stage.tick(0.4375) == []
    assert stage.tick(0.5) == [("admit", 2, 0.5, False)]


def test_the_wake_up_is_for_whoever_is_first() -> None:
    stage = at_work()
    stage.work(1, "executor-1")
    stage.crash(1, "executor-1")
    stage.now = 0.25
    stage.crash()
    stage.start(2)
    stage.start(2, "executor-1")
    assert stage.health.wake_at() == T0 + 0.5


def test_a_process_that_dies_in_its_back_off_waits_longer() -> None:
    stage = at_work()
    stage.crash()
    stage.start(2)
    assert stage.crash(2) == [("error", 1), ("restarted", 2, "crash")]
    assert stage.health.wake_at() is None, "nobody waits"
    assert stage.start(3) == []
    assert stage.tick(0.75) == []
    assert stage.tick(1.0) == [("admit", 3, 1.0, False)]


def test_a_lost_node_does_not_shorten_a_back_off() -> None:
    stage = at_work()
    stage.crash()
    stage.start(2)
    stage.see(Died(A, 2, RestartCause.NODE_LOST, "node gone"))
    assert stage.start(3) == []
    assert stage.tick(0.5) == [("admit", 3, 0.5, False)]


def test_an_admission_that_was_not_heard_is_asked_for_again() -> None:
    stage = Stage()
    assert stage.start() == [("admit", 1, 0.0, True)]
    assert stage.tick(4.5) == []
    assert stage.tick(5) == [("admit", 1, 5.0, True)]
    stage.see(Admitted(A, 1))
    assert stage.tick(100) == []


@pytest.mark.parametrize(
    ("cause", "explained"), [(RestartCause.CRASH, False), (RestartCause.NODE_LOST, True), (RestartCause.REQUEST, True)]
)
def test_only_unexplained_ends_are_told_as_such(cause: RestartCause, explained: bool) -> None:
    stage = at_work()
    stage.see(Died(A, 1, cause, "gone"))
    stage.start(2)
    stage.now = 0.5
    assert stage.health.handle(Tick(), T0 + 0.5) == ([] if explained else [Admit(A, 2, T0 + 0.5, False, ())])


def test_an_unexplained_end_is_not_forgotten_over_an_ordered_one_but_over_an_admission() -> None:
    stage = at_work()
    stage.crash()
    stage.start(2)
    stage.see(Requested(A))
    stage.start(3)
    assert stage.tick(0.5) == [("admit", 3, 0.5, False)]
    stage.see(Admitted(A, 3))
    stage.see(Requested(A))
    assert stage.start(4) == [("admit", 4, 0.5, True)]


@pytest.mark.parametrize("cause", [RestartCause.NODE_LOST, RestartCause.REQUEST, RestartCause.OVERDUE])
def test_ends_that_are_not_the_agents_fault_cost_it_nothing(cause: RestartCause) -> None:
    stage = at_work()
    for generation in range(1, 10):
        assert ("error", 1) not in told(stage.see(Died(A, generation, cause, "gone")))
        assert stage.start(generation + 1) == [("admit", generation + 1, 0.0, True)]
        stage.see(Admitted(A, generation + 1))


def test_a_persons_restart() -> None:
    stage = at_work()
    stage.fault()
    assert told(stage.see(Requested(A))) == [("restarted", 1, "request"), ("restart", 1, "request")]
    assert stage.health.agent(A, T0).error_count == 0
    assert told(stage.see(Requested(A))) == [], "one is on its way already"
    assert told(stage.see(Requested("nobody"))) == [("restart", 0, "request")], "if it does not answer"


def test_a_new_process_waits_until_it_is_told_how_the_old_one_ended() -> None:
    stage = at_work()
    assert stage.start(2) == []
    assert told(stage.see(Requested(A))) == []
    stage.now = 1
    stage.see(Died(A, 1, RestartCause.NODE_LOST, "node gone"))
    stage.see(Admitted(A, 2))
    assert stage.tick(100) == []
    assert [event.type for event in stage.journal if event.type == "agent_error_recorded"] == []


def test_an_end_that_nobody_tells_of_is_taken_for_a_crash() -> None:
    stage = at_work()
    stage.now = 10
    assert stage.start(2) == []
    assert stage.tick(14.5) == []
    assert stage.tick(15) == [("error", 1), ("restarted", 1, "crash")]
    assert stage.crash(1) == []
    assert stage.tick(15.5) == [("admit", 2, 15.5, False)]


def test_a_process_that_was_ended_and_goes_on_answering_is_ended_again() -> None:
    stage = at_work()
    stage.see(Requested(A))

    def answer(asked: float) -> list[tuple[object, ...]]:
        stage.now = asked
        return told(stage.see(Round((Ping(A, 1, "n", T0 + asked, T0 + asked),))))

    assert answer(5) == []
    assert answer(5.5) == [("restart", 1, "request")]
    assert answer(6) == []
    assert answer(11) == [("restart", 1, "request")]
    assert [event.type for event in stage.journal].count("agent_restarted") == 1


def test_a_start_that_is_read_twice_admits_nobody_twice() -> None:
    stage = at_work()
    assert stage.start(1) == []
    stage.crash()
    stage.work(2)
    assert [stage.start(1), stage.start(2)] == [[], []]


def test_agents_do_not_count_for_each_other() -> None:
    stage = at_work()
    stage.work(1, "executor-1")
    for _ in range(4):
        stage.fault()
    assert stage.fault(agent="executor-1") == [("error", 1)]


def test_a_monitor_that_begins_adopts_who_works_and_admits_who_waits() -> None:
    stage = Stage()
    assert told(stage.see(Found(A, 3, True))) == []
    assert told(stage.see(Found("executor-1", 2, False))) == [("admit", 2, 0.0, True)]
    assert told(stage.see(Started(A, 3))) == []

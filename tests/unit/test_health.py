"""Supervision of one agent: faults, restarts, back-off, admission, giving up; every sentence of the rules once."""

from random import Random

import pytest
from pydantic import ValidationError

from actors.events import AgentErrorRecorded, AgentFailed, AgentRestarted, ItemAssigned, ItemClosed
from actors.fleet_events import AgentStarting
from actors.health.backoff import full_jitter
from actors.health.decisions import Admit, GiveUp, Record, Restart
from actors.health.observations import (
    Admitted,
    Died,
    Fault,
    Found,
    ModelAnswered,
    ModelFailed,
    Ping,
    Requested,
    Reset,
    Round,
    Started,
    Tick,
)
from actors.settings import HealthSettings
from actors.work import Content, Failure, FailureKind, Lost, RestartCause, Result, Role
from tests.supervision import T0, A, Longest, Stage, told


def at_work() -> Stage:
    stage = Stage()
    stage.work()
    return stage


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
    assert told(stage.see(Requested("nobody"))) == []


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


def outcome(kind: FailureKind | None) -> ItemClosed:
    model = "claude-x"
    told_ = (
        Failure(reason=kind, message="why", model=model) if kind else Result(data=Content(text=""), model=model + "-1")
    )
    return ItemClosed(run="r", item="i", epoch=1, attempt=1, agent=A, generation=2, outcome=told_, at=T0)


FAULT = Fault(A, 2, "why", T0)
ANSWER = ModelAnswered("claude-x")


def failure_told(kind: FailureKind) -> ModelFailed:
    return ModelFailed("claude-x", kind, "r", "i", A, "why")


@pytest.mark.parametrize(
    ("kind", "observations"),
    [
        (FailureKind.AGENT_FAULT, [FAULT]),
        (FailureKind.CONTEXT_TOO_LONG, [ANSWER]),
        (FailureKind.BAD_REQUEST, [ANSWER]),
        (FailureKind.REFUSAL, [ANSWER]),
        (FailureKind.CUT_OFF, [ANSWER]),
        (FailureKind.INVALID_ANSWER, [ANSWER]),
        *((kind, [failure_told(kind)]) for kind in (FailureKind.TRANSIENT, FailureKind.NO_MODEL)),
        *((kind, [failure_told(kind)]) for kind in (FailureKind.RATE_LIMITED, FailureKind.OVERLOADED)),
        *((kind, []) for kind in (FailureKind.TIMEOUT, FailureKind.QUOTA, FailureKind.CREDENTIALS)),
        (None, [ANSWER]),
    ],
)
def test_what_an_outcome_tells(kind: FailureKind | None, observations: list[object]) -> None:
    stage = Stage()
    assigned = ItemAssigned(run="r", item="i", epoch=1, attempt=1, agent=A, model="claude-x", term=1)
    assert stage.health.read(assigned) == []
    assert stage.health.read(outcome(kind)) == observations


def test_an_answer_whose_assignment_is_not_known_counts_for_the_model_it_names() -> None:
    assert Stage().health.read(outcome(None)) == [ModelAnswered("claude-x-1")]


def test_a_lost_attempt_tells_nothing_and_a_start_does() -> None:
    stage = Stage()
    lost = outcome(None).model_copy(update={"outcome": Lost(message="gone")})
    assert stage.health.read(lost) == []
    assert stage.health.read(AgentStarting(agent=A, role=Role.EXECUTOR)) == [Reset(A)]
    stage.start()
    assert stage.health.read(stage.journal[0]) == [Started(A, 1)]


@pytest.mark.parametrize(
    "mistake",
    [
        {"degraded_faults": 6},
        {"slow_answer_s": 15},
        {"silent_node_s": 14},
        {"window_s": 0},
        {"restarts": -1},
        {"unknown": 1},
    ],
)
def test_settings_that_make_no_sense_are_refused(mistake: dict[str, float]) -> None:
    with pytest.raises(ValidationError):
        HealthSettings.model_validate(mistake)


def test_an_order_names_everything_that_its_hand_needs() -> None:
    stage = at_work()
    restart = stage.see(Requested(A))[1]
    assert restart == Restart(A, 1, RestartCause.REQUEST, "a person asked for it", ())

"""A monitor that takes over from one that was killed, at any moment of a random history."""

from hypothesis import given
from hypothesis import strategies as st

from actors.events import (
    AgentErrorRecorded,
    AgentRestarted,
    AgentStarted,
    AgentStarting,
    Event,
    ItemClosed,
    ModelAvailable,
    ModelUnavailable,
)
from actors.health.health import Health
from actors.health.observations import Fault, Found, Ping, Requested, Reset, Round, Tick
from actors.settings import HealthSettings
from actors.work import Content, Failure, FailureKind, RestartCause, Result, Role
from tests.support.lives import Life, Step, steps
from tests.support.supervision import T0, A, Longest, Stage, Story, told


def takeover(life: Life, older: bool) -> Life:
    """The same moment, but the monitor was killed and another has taken over from the last minute of the journal.

    `older`: it also got the agent's last start and last end, from before that.
    """
    old = life.stage
    stage = Stage()
    stage.now, stage.journal = old.now, list(old.journal)
    recent = [event for event in old.journal if event.at >= T0 + old.now - 60]
    last = {event.type: event for event in old.journal if event.type in {"agent_started", "agent_restarted"}}
    earlier = [event for event in old.journal if event in last.values() and event not in recent] if older else []
    assert stage.health.replay([*earlier, *recent]) == []
    after = Life(stage)
    after.generation, after.is_up, after.admitted = life.generation, life.is_up, life.admitted
    if life.is_up:
        assert told(stage.see(Found(A, life.generation, life.admitted))) == []
    return after


def facts(story: Story) -> Story:
    """Without what a new monitor cannot know: when an admission was due long ago, and what came before another."""
    return [line[:2] if line[0] == "admit" else line for line in story]


@given(steps, steps, st.booleans())
def test_a_monitor_that_takes_over_goes_on_where_the_old_one_was(
    before: list[Step], after: list[Step], older: bool
) -> None:
    life = Life(Stage())
    for action, halves in [("up", 0), *before]:
        life.pass_time(halves / 2)
        life.move(action)
    if any(event.type == "agent_failed" for event in life.stage.journal):
        return
    other = takeover(life, older)
    assert seen(other) == seen(life)
    for action, halves in after:
        assert facts(life.pass_time(halves / 2)) == facts(other.pass_time(halves / 2))
        assert facts(life.move(action)) == facts(other.move(action))


def seen(life: Life) -> tuple[object, ...]:
    """What people see now. Of longer ago than a minute the journal tells, not the monitor."""
    now = T0 + life.stage.now
    health = life.stage.health.agent(A, now)
    recent = health.last_restart is not None and health.last_restart >= now - 60
    return health.error_count, health.is_healthy, health.last_restart if recent else None


def test_a_process_that_waited_when_the_monitor_died_is_admitted_by_the_next() -> None:
    stage = Stage()
    stage.work()
    stage.crash()
    stage.start(2)
    health = Health(stage.settings, Longest())
    health.replay(stage.journal)
    assert health.handle(Found(A, 2, False), T0) == []
    assert told(health.handle(Tick(), T0 + 0.5)) == [("admit", 2, 0.5, False)]


def test_a_clock_that_was_set_back_delays_no_admission_by_more_than_the_longest_back_off() -> None:
    stage = Stage()
    stage.work()
    stage.crash()
    stage.start(2)
    health = Health(stage.settings, Longest())
    health.replay(stage.journal)
    earlier = T0 - 3600
    assert health.handle(Found(A, 2, False), earlier) == []
    wake = health.wake_at()
    assert wake is not None
    assert wake <= earlier + stage.settings.backoff_max_s
    assert told(health.handle(Tick(), wake))[0][:2] == ("admit", 2)


def test_an_agent_with_as_many_faults_as_restart_it_is_not_healthy() -> None:
    stage = Stage()
    stage.health.replay([recorded("boom", at) for at in range(4)])
    assert stage.health.agent(A, T0 + 4).is_healthy
    stage.health.replay([recorded("boom", 4)])
    assert stage.health.agent(A, T0 + 4) == (5, "boom", False, None)


def test_a_process_that_ended_while_nobody_watched_is_on_record_before_the_next_is_admitted() -> None:
    stage = Stage()
    stage.start(1)
    health = Health(stage.settings, Longest())
    health.replay(stage.journal)
    assert health.handle(Found(A, 2, False), T0) == []
    assert told(health.handle(Tick(), T0 + 5)) == [("error", 1), ("restarted", 1, "crash")]
    assert told(health.handle(Tick(), T0 + 5.5)) == [("admit", 2, 5.5, False)]


def test_a_failed_agent_is_still_failed_after_a_takeover() -> None:
    stage = Stage(HealthSettings(restarts=0))
    stage.work()
    stage.crash()
    health = Health(stage.settings, Longest())
    assert health.replay(stage.journal) == []
    assert not health.agent(A, T0).is_healthy
    assert [line[0] for line in told(health.handle(Found(A, 2, False), T0))] == ["give up"]
    assert health.handle(Reset(A), T0) == []
    assert health.agent(A, T0).is_healthy


def test_an_order_that_was_written_and_not_carried_out_is_carried_out_after_a_takeover() -> None:
    stage = Stage()
    stage.work()
    stage.see(Requested(A))
    health = Health(stage.settings, Longest())
    health.replay(stage.journal)
    assert health.handle(Found(A, 1, True), T0 + 1) == []
    ping = Ping(A, 1, "n", T0 + 5.5, T0 + 5.5)
    assert told(health.handle(Round((ping,)), T0 + 5.5)) == [("restart", 1, "request")]


def closed(message: str, at: float) -> ItemClosed:
    failure = Failure(reason=FailureKind.AGENT_FAULT, message=message)
    return ItemClosed(run="r", item="i", epoch=1, attempt=1, agent=A, generation=1, outcome=failure, at=T0 + at)


def recorded(message: str, at: float) -> AgentErrorRecorded:
    return AgentErrorRecorded(agent=A, generation=1, message=message, count=1, at=T0 + at)


def test_a_fault_that_the_old_monitor_did_not_get_to_record_is_owed() -> None:
    stage = Stage()
    rows: list[Event] = [recorded("a", 0), closed("a", 1), closed("b", 2), recorded("a", 3), closed("a", 4)]
    owed = stage.health.replay(rows)
    assert owed == [Fault(A, 1, "b", T0 + 2), Fault(A, 1, "a", T0 + 4)]
    assert stage.health.agent(A, T0 + 4).error_count == 2, "counted when they are handled"
    assert [told(stage.health.handle(fault, T0 + 5))[0] for fault in owed] == [("error", 2), ("error", 4)]


def test_faults_of_long_ago_are_not_owed() -> None:
    assert Stage().health.replay([closed("a", 0), closed("b", 1), closed("c", 61)]) == [
        Fault(A, 1, "b", T0 + 1),
        Fault(A, 1, "c", T0 + 61),
    ]


def test_a_fleet_that_was_started_anew_owes_nothing_to_the_one_before() -> None:
    stage = Stage()
    stage.work()
    for _ in range(4):
        stage.fault()
    health = Health(stage.settings, Longest())
    health.replay([*stage.journal, AgentStarting(agent=A, role=Role.EXECUTOR, at=T0)])
    assert health.agent(A, T0).error_count == 0
    start = AgentStarted(agent=A, role=Role.EXECUTOR, generation=2, pid=1, node="n")
    (started,) = health.read(start)
    assert told(health.handle(started, T0)) == [("admit", 2, 0.0, True)]


def test_a_models_state_is_taken_over() -> None:
    stage = Stage()
    down = ModelUnavailable(model="m", reason="502", at=T0)
    stage.health.replay([down])
    assert stage.health.wake_at() == T0 + 1
    again = Health(stage.settings, Longest())
    again.replay([down, ModelAvailable(model="m", probe=True), down])
    assert again.wake_at() == T0 + 2
    probed = Health(stage.settings, Longest())
    probed.replay([down, ModelAvailable(model="m", probe=True)])
    assert probed.handle(Tick(), T0 + 100) == []
    fully = Health(stage.settings, Longest())
    fully.replay([down, ModelAvailable(model="m", probe=False)])
    assert fully.wake_at() is None


def call(item: str, reason: FailureKind | None) -> ItemClosed:
    failure = Failure(reason=reason, message="502", model="m") if reason else Result(data=Content(text=""), model="m")
    return ItemClosed(run="r", item=item, epoch=1, attempt=1, agent=A, generation=1, outcome=failure, at=T0)


def test_failures_of_a_model_count_on_from_the_last_answer() -> None:
    failures = [call(str(n), FailureKind.TRANSIENT) for n in range(4)]
    (fifth,) = Stage().health.read(call("fifth", FailureKind.TRANSIENT))
    stage = Stage()
    stage.health.replay(failures)
    assert told(stage.see(fifth)) == [("unavailable", "m")]
    stage = Stage()
    stage.health.replay([*failures, call("good", None)])
    assert told(stage.see(fifth)) == []


HOURS = 8 * 3600.0


def test_a_model_that_became_unavailable_while_the_clock_was_ahead_is_asked_again_within_its_back_off() -> None:
    stage = Stage()
    stage.health.replay([ModelUnavailable(model="m", reason="502", at=T0 + HOURS)], T0)
    assert stage.health.wake_at() == T0 + 1
    assert stage.tick(1) == [("available", "m", True)]


def test_restarts_from_a_clock_that_was_ahead_are_from_before_the_rows_that_follow_them() -> None:
    ends = [
        AgentRestarted(agent=A, generation=n, cause=RestartCause.CRASH, reason="x", at=T0 + HOURS) for n in range(1, 4)
    ]
    right = AgentStarted(agent=A, role=Role.EXECUTOR, generation=4, pid=1, node="n", at=T0 - 61)
    stage = Stage()
    stage.health.replay([*ends, right], T0)
    stage.see(Found(A, 4, True))
    assert stage.health.agent(A, T0).last_restart == T0 - 61
    assert stage.crash(4) == [("error", 1), ("restarted", 4, "crash")], "the three are over"


def test_after_a_clock_that_was_ahead_faults_count_and_an_order_is_repeated() -> None:
    stage = Stage()
    stage.health.replay([recorded("boom", HOURS)], T0)
    stage.see(Found(A, 1, True))
    for _ in range(3):
        stage.fault()
    assert stage.fault()[-1] == ("restart", 1, "threshold")
    ordered = Health(stage.settings, Longest())
    ordered.replay([AgentRestarted(agent=A, generation=1, cause=RestartCause.HANG, reason="x", at=T0 + HOURS)], T0)
    later = T0 + stage.settings.patience_s + 1
    assert told(ordered.handle(Round((Ping(A, 1, "n", later, later),)), later)) == [("restart", 1, "hang")]

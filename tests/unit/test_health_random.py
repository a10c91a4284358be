"""Random histories of an agent against a naive model of the rules, and against a monitor that begins in the middle.

The model keeps every moment for ever and looks through all of them each time; its restarts are those of OTP's
supervisor (add_restart in lib/stdlib/src/supervisor.erl): put the new one in front, keep those within the period,
and there must not be more than the intensity.
"""

from itertools import takewhile
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from actors.events import AgentErrorRecorded, AgentStarted, Event, ItemClosed, ModelAvailable, ModelUnavailable
from actors.health.health import Health
from actors.health.observations import Admitted, Died, Fault, Found, Observation, Ping, Requested, Reset, Round, Tick
from actors.health.window import Window
from actors.settings import HealthSettings
from actors.work import Failure, FailureKind, RestartCause, Role
from tests.supervision import T0, A, Longest, Stage, Story, told

Step = tuple[str, int]
ACTIONS = ("fault", "fault", "fault", "crash", "hang", "request", "node_lost", "up")
steps = st.lists(st.tuples(st.sampled_from(ACTIONS), st.integers(0, 40)), max_size=40)
"""What happens, and half seconds until it does."""


class Naive:
    """The rules, written down once more."""

    def __init__(self) -> None:
        self.faults: list[float] = []
        self.restarts: list[float] = []
        self.failed = False
        self.due = 0.0

    def fault(self, now: float, generation: int) -> Story:
        """A fault in an item."""
        story = self.counted(now)
        if len([at for at in self.faults if at + 60 >= now]) >= 5:
            story += self.restart(now, generation, "threshold")
        return story

    def counted(self, now: float) -> Story:
        """One more fault."""
        self.faults.append(now)
        count = len([at for at in self.faults if at + 60 >= now])
        return [("error", count)] + ([("degraded", count, count < 5)] if count >= 3 else [])

    def restart(self, now: float, generation: int, cause: str) -> Story:
        """One more restart."""
        recent = [now, *takewhile(lambda at: at >= now - 60, self.restarts)]
        if len(recent) > 3:
            self.failed = True
            return [("failed",), ("give up", generation, cause)]
        self.restarts = recent
        self.due = max(self.due, now + min(30, 0.5 * 2 ** (len(recent) - 1)))
        return self.free(now, generation, cause)

    def free(self, now: float, generation: int, cause: str) -> Story:
        """A restart that costs the agent nothing."""
        self.faults, self.due = [], max(self.due, now)
        carried_out = [] if cause in {"crash", "node_lost"} else [("restart", generation, cause)]
        return [("restarted", generation, cause), *carried_out]

    def end(self, now: float, generation: int, cause: str) -> Story:
        """The process has ended, or is ended."""
        if cause in {"crash", "hang"}:
            return self.counted(now) + self.restart(now, generation, cause)
        return self.free(now, generation, cause)


class Life:
    """An agent that lives through steps: at most one process at a time, `generation` the newest."""

    def __init__(self, stage: Stage) -> None:
        self.stage, self.generation, self.is_up, self.admitted = stage, 0, False, False

    def observation(self, action: str) -> Observation:
        """What the monitor is told."""
        match action:
            case "fault":
                return Fault(A, self.generation, "boom")
            case "hang":
                now = T0 + self.stage.now
                return Round((Ping(A, self.generation, "n", now, now, 10.0),))
            case "request":
                return Requested(A)
        return Died(A, self.generation, RestartCause(action), "gone")

    def move(self, action: str) -> Story:
        """Do it, if it can happen now; what was decided."""
        if action == "up":
            if self.is_up:
                return []
            self.generation, self.is_up, self.admitted = self.generation + 1, True, False
            return self.heard(self.stage.start(self.generation))
        if not self.is_up:
            return []
        story = self.heard(told(self.stage.see(self.observation(action))))
        if any(line[0] in {"restarted", "failed"} for line in story):
            self.is_up = self.admitted = False
        return story

    def pass_time(self, seconds: float) -> Story:
        """Let time pass, waking up whenever supervision asks for it."""
        until, story = self.stage.now + seconds, Story()
        while (due := self.stage.health.wake_at()) is not None and due - T0 <= until:
            story += self.heard(self.stage.tick(due - T0))
        self.stage.now = until
        return story

    def heard(self, story: Story) -> Story:
        """Carry an admission out."""
        for line in story:
            if line[0] == "admit":
                self.admitted = True
                assert self.stage.see(Admitted(A, self.generation)) == []
        return story


@given(steps)
def test_an_agent_is_treated_as_the_model_says(history: list[Step]) -> None:
    life, naive = Life(Stage()), Naive()
    for action, halves in [("up", 0), *history]:
        story = life.pass_time(halves / 2)
        assert [line[1:3] for line in story] in ([], [(life.generation, naive.due)])
        generation, was_up, now = life.generation, life.is_up, life.stage.now
        assert life.admitted is (was_up and naive.due <= now)
        story = life.move(action)
        if action == "up" or not was_up:
            admitted = [("admit", life.generation, naive.due)] if action == "up" and naive.due <= now else []
            assert naive.failed or not story or [line[:3] for line in story] == admitted
        else:
            expected = naive.fault(now, generation) if action == "fault" else naive.end(now, generation, action)
            assert story == expected
        if naive.failed:
            assert life.stage.health.agent(A, T0 + now).is_healthy is False
            break


@given(steps, st.randoms(use_true_random=False))
def test_no_wait_is_longer_than_its_bound(history: list[Step], random: Random) -> None:
    stage = Stage(HealthSettings(restarts=1000), random)
    stage.work()
    restarts: list[float] = []
    for generation, (_, halves) in enumerate(history, 1):
        stage.now += halves / 2
        begun = stage.now
        recent = [at for at in restarts if at >= begun - 60]
        restarts.append(begun)
        stage.crash(generation)
        stage.work(generation + 1)
        assert begun <= stage.now <= begun + min(30, 0.5 * 2 ** len(recent))


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


def test_an_agent_with_as_many_faults_as_restart_it_is_not_healthy() -> None:
    stage = Stage()
    stage.health.replay([recorded("boom", at) for at in range(4)])
    assert stage.health.agent(A, T0 + 4).is_healthy
    stage.health.replay([recorded("boom", 4)])
    assert not stage.health.agent(A, T0 + 4).is_healthy


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
    health.replay(stage.journal)
    health.handle(Reset(A), T0)
    assert health.agent(A, T0).error_count == 0
    start = AgentStarted(agent=A, role=Role.EXECUTOR, generation=2, pid=1, node="n")
    (started,) = health.read(start)
    assert told(health.handle(started, T0)) == [("admit", 2, 0.0, True)]


@given(st.lists(st.integers(0, 400)), st.integers(0, 400))
def test_a_window_counts_what_a_list_would(halves: list[int], now: int) -> None:
    window = Window(60)
    for at in halves:
        window.add(at / 2)
    if halves:
        now = max(now, max(halves) - 120)
    assert window.count(now / 2) == len([at for at in halves if at <= now <= at + 120])


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

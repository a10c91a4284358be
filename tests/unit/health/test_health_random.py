"""Random histories of an agent against a naive model of the rules.

The model keeps every moment for ever and looks through all of them each time; its restarts are those of OTP's
supervisor (add_restart in lib/stdlib/src/supervisor.erl): put the new one in front, keep those within the period,
and there must not be more than the intensity.
"""

from itertools import takewhile
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from actors.health.window import Window
from actors.settings import HealthSettings
from tests.support.lives import Life, Step, steps
from tests.support.supervision import T0, A, Stage, Story


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
        if cause in {"crash", "hang", "memory"}:
            return self.counted(now) + self.restart(now, generation, cause)
        return self.free(now, generation, cause)


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


@given(st.lists(st.integers(0, 400)), st.integers(0, 400))
def test_a_window_counts_what_a_list_would(halves: list[int], now: int) -> None:
    window = Window(60)
    for at in halves:
        window.add(at / 2)
    if halves:
        now = max(now, max(halves) - 120)
    assert window.count(now / 2) == len([at for at in halves if at <= now <= at + 120])


def test_a_window_forgets_what_is_two_spans_old() -> None:
    window = Window(60)
    window.add(0)
    window.add(120)
    assert window.count(0) == 1
    window.add(120.5)
    assert window.count(0) == 0

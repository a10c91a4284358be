"""Who takes too much memory, whatever the machine is like."""

import pytest

from actors.health.decisions import Restart
from actors.health.observations import Ping, Round
from actors.settings import HealthSettings
from actors.work import RestartCause
from tests.support.supervision import T0, A, Stage, told

LIMIT = HealthSettings().memory_mb


def holding(memory_mb: int, generation: int = 1) -> Ping:
    return Ping(A, generation, "n", T0 - 0.5, T0, 0.1, (), memory_mb)


def test_over_the_limit_it_is_ended_once_and_its_items_are_suspects() -> None:
    stage = Stage()
    stage.work()
    assert told(stage.see(Round((holding(LIMIT),)))) == []
    decisions = stage.see(Round((holding(LIMIT + 1),)))
    assert told(decisions) == [("error", 1), ("restarted", 1, "memory"), ("restart", 1, "memory")]
    reason = f"it held {LIMIT + 1} MiB of memory; an agent may have {LIMIT}"
    assert decisions[2] == Restart(A, 1, RestartCause.MEMORY, reason)
    assert told(stage.see(Round((holding(LIMIT + 2),)))) == [], "once for each process"
    stage.start(2)
    assert stage.tick(0.5) == [("admit", 2, 0.5, False)]


def test_four_times_within_a_minute_it_is_given_up() -> None:
    stage = Stage()
    for generation in range(1, 5):
        stage.work(generation)
        story = told(stage.see(Round((holding(LIMIT + 1, generation),))))
        stage.now += 10
    assert ("failed",) in story


@pytest.mark.parametrize("late_s", [0, 60])
def test_a_late_monitor_excuses_nobody(late_s: float) -> None:
    stage = Stage()
    stage.work()
    assert told(stage.see(Round((holding(LIMIT + 1),), late_s)))[-1] == ("restart", 1, "memory")


def test_without_a_limit_nobody_is_too_large() -> None:
    stage = Stage(HealthSettings(memory_mb=0))
    stage.work()
    assert told(stage.see(Round((holding(1_000_000),)))) == []

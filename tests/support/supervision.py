"""Steps of supervision tests: a Health, a clock moved by hand, the decisions as short tuples."""

from collections.abc import Iterable
from random import Random

from actors.events import (
    AgentErrorRecorded,
    AgentFailed,
    AgentHealthDegraded,
    AgentRestarted,
    AgentStarted,
    Event,
    ModelAvailable,
    ModelUnavailable,
)
from actors.health.decisions import Admit, Decision, GiveUp, Record, Restart
from actors.health.health import Health
from actors.health.observations import Admitted, Died, Fault, Observation, Started, Tick
from actors.settings import HealthSettings
from actors.work import RestartCause, Role

A = "executor-0"
T0 = 1_000_000.0

Story = list[tuple[object, ...]]


class Longest(Random):
    """Chance that always takes the longest wait."""

    def uniform(self, a: float, b: float) -> float:
        """The upper end."""
        return max(a, b)


def told(decisions: Iterable[Decision]) -> Story:
    """Each decision by its name and what tells it from its neighbours."""
    return [_told(decision) for decision in decisions]


def _told(decision: Decision) -> tuple[object, ...]:
    match decision:
        case Record(AgentErrorRecorded(count=count)):
            return "error", count
        case Record(AgentHealthDegraded(count=count, is_healthy=healthy)):
            return "degraded", count, healthy
        case Record(AgentRestarted(generation=generation, cause=cause)):
            return "restarted", generation, cause.value
        case Record(AgentFailed()):
            return ("failed",)
        case Record(ModelUnavailable(model=model)):
            return "unavailable", model
        case Record(ModelAvailable(model=model, probe=probe)):
            return "available", model, probe
        case Restart(_, generation, cause):
            return "restart", generation, cause.value
        case Admit(_, generation, at, explained):
            return "admit", generation, at - T0, explained
        case GiveUp(_, generation, cause):
            return "give up", generation, cause.value
    raise AssertionError(decision)


class Stage:
    """One agent or more under supervision, `now` counted from 0, and the journal that comes of it."""

    def __init__(self, settings: HealthSettings | None = None, random: Random | None = None) -> None:
        self.settings, self.random = settings or HealthSettings(), random or Longest()
        self.health = Health(self.settings, self.random)
        self.now = 0.0
        self.journal: list[Event] = []

    def see(self, observation: Observation) -> list[Decision]:
        """Hand it over, and put on record what is to be recorded."""
        decisions = self.health.handle(observation, T0 + self.now)
        for decision in decisions:
            if isinstance(decision, Record):
                self.write(decision.event)
        return decisions

    def write(self, event: Event) -> None:
        """A row, committed now."""
        self.journal.append(event.model_copy(update={"at": T0 + self.now}))

    def fault(self, generation: int = 1, message: str = "boom", agent: str = A) -> Story:
        """A fault now."""
        return told(self.see(Fault(agent, generation, message)))

    def crash(self, generation: int = 1, agent: str = A) -> Story:
        """The process is gone now."""
        return told(self.see(Died(agent, generation, RestartCause.CRASH, "SIGKILL")))

    def start(self, generation: int = 1, agent: str = A) -> Story:
        """A process is up now."""
        self.write(AgentStarted(agent=agent, role=Role.EXECUTOR, generation=generation, pid=1, node="n"))
        return told(self.see(Started(agent, generation)))

    def work(self, generation: int = 1, agent: str = A) -> None:
        """A process is up, and admitted as soon as it is due."""
        if not self.start(generation, agent):
            due = self.health.wake_at()
            assert due is not None
            assert any(told_[0] == "admit" for told_ in self.tick(due - T0))
        self.see(Admitted(agent, generation))

    def tick(self, now: float) -> Story:
        """Time passes until then."""
        self.now = now
        return told(self.see(Tick()))


def at_work() -> Stage:
    """The usual beginning: one agent, its first process admitted."""
    stage = Stage()
    stage.work()
    return stage

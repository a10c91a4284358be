"""Supervision of a fleet as one value: observations in, decisions out."""

from collections.abc import Iterable
from math import inf
from random import Random

from actors.events import (
    AgentErrorRecorded,
    AgentFailed,
    AgentRestarted,
    AgentStarted,
    Event,
    ModelAvailable,
    ModelUnavailable,
)
from actors.health.agents import AgentHealth, Watch
from actors.health.breaker import Breaker
from actors.health.decisions import Decision, GiveUp, Guilty, Restart
from actors.health.facts import dated, observations
from actors.health.hangs import Hang, Hangs, Stuck
from actors.health.observations import (
    Admitted,
    Died,
    Fault,
    Found,
    ModelAnswered,
    ModelFailed,
    Observation,
    Ping,
    Requested,
    Reset,
    Round,
    Silent,
    Started,
)
from actors.settings import HealthSettings
from actors.work import RestartCause


class Health:
    """Decides who is restarted, admitted and given up, and which model is asked.

    `now` is Unix seconds of one clock that never goes back. After `replay` of the journal's last minute and a `Found`
    for each process that answers, a new one goes on where the old one was.
    """

    def __init__(self, settings: HealthSettings, random: Random) -> None:
        self._settings, self._random = settings, random
        self._agents: dict[str, Watch] = {}
        self._models: dict[str, Breaker] = {}
        self._hangs = Hangs(settings)

    def read(self, event: Event) -> list[Observation]:
        """What a row of the journal tells; hand it to `handle`."""
        return observations(event)

    @property
    def is_calm(self) -> bool:
        """Whether nothing is held against any model: then an answer tells nothing."""
        return all(breaker.is_calm for breaker in self._models.values())

    def handle(self, observation: Observation, now: float) -> list[Decision]:
        """What follows from this, and what is due by now."""
        decisions = self._decide(observation, now)
        for watched in self._watched():
            decisions += watched.due(now)
        return decisions

    def wake_at(self) -> float | None:
        """When a `Tick` will decide something; None: not by time alone."""
        moments = (watched.wake_at() for watched in self._watched())
        return min((moment for moment in moments if moment is not None), default=None)

    def agent(self, agent: str, now: float) -> AgentHealth:
        """The agent's health; a healthy one for an agent that nothing is known of."""
        return self._agents[agent].health(now) if agent in self._agents else AgentHealth()

    def has_failed(self, agent: str) -> bool:
        """Whether the agent was given up."""
        return agent in self._agents and self._agents[agent].failed

    def replay(self, events: Iterable[Event], now: float = inf) -> list[Observation]:
        """Take over what is on record `now`, deciding nothing.

        Give it at least the rows of the longer window, and the last row of each model, which may be probed for longer.
        Other older rows do no harm if an agent's starts come with its ends.
        All in one call: it returns what `handle` is still owed, recent faults that are not followed by their record.
        """
        owed: list[Fault] = []
        newest = 0.0
        for event in dated(events, now):
            newest = max(newest, event.at)
            if isinstance(event, AgentErrorRecorded):
                _settle(owed, event)
            self._recall(event)
            for told in observations(event):
                match told:
                    case Fault():
                        owed.append(told)
                    case ModelFailed():
                        self._model(told.model).note_failure(told)
                    case ModelAnswered():
                        self._model(told.model).note_answer()
                    case Reset():
                        self._reset(told)
        return [fault for fault in owed if newest - (fault.at or 0.0) <= self._settings.window_s]

    def _recall(self, event: Event) -> None:
        match event:
            case AgentErrorRecorded():
                self._watch(event.agent).note_fault(event)
            case AgentStarted():
                self._watch(event.agent).note_start(event.generation)
            case AgentRestarted():
                order = Restart(event.agent, event.generation, event.cause, event.reason)
                self._watch(event.agent).note_end(order, event.at)
            case AgentFailed():
                watch = self._watch(event.agent)
                order_ = GiveUp(event.agent, watch.generation, RestartCause.THRESHOLD, event.reason)
                watch.note_failure(order_, event.at)
            case ModelUnavailable():
                self._model(event.model).note_opening(event.at)
            case ModelAvailable():
                self._model(event.model).note_available(event.probe)

    def _decide(self, observation: Observation, now: float) -> list[Decision]:
        decisions: list[Decision] = []
        match observation:
            case Fault(agent, generation, message, at):
                decisions = self._watch(agent).fault(generation, message, now if at is None else min(at, now), now)
            case Died(agent, generation, cause, message):
                decisions = self._watch(agent).end(generation, cause, message, now)
            case Started(agent, generation):
                decisions = self._watch(agent).started(generation, now)
            case Found(agent, generation, admitted):
                decisions = self._watch(agent).found(generation, admitted, now)
            case Silent(agent, silent_s):
                decisions = self._watch(agent).silent(silent_s, now)
            case Admitted(agent, generation):
                self._watch(agent).admitted(generation)
            case Requested(agent):
                decisions = self._watch(agent).requested(now)
            case Reset():
                self._reset(observation)
            case Round():
                decisions = self._round(observation, now)
            case ModelFailed():
                decisions = self._model(observation.model).failed(observation, now)
            case ModelAnswered(model):
                decisions = self._model(model).answered()
        return decisions

    def _reset(self, reset: Reset) -> None:
        watch = self._watch(reset.agent)
        if watch.failed or not reset.if_failed:
            watch.reset()

    def _round(self, round_: Round, now: float) -> list[Decision]:
        decisions: list[Decision] = []
        for ping in round_.pings:
            if ping.answered_at is not None:
                decisions += self._watch(ping.agent).answered(ping.generation, ping.asked_at)
                decisions += self._if_too_large(ping, now)
        for verdict in self._hangs.judge(round_, now):
            watch, generation = self._watch(verdict.ping.agent), verdict.ping.generation
            if not watch.lives(generation):
                continue
            match verdict:
                case Hang(_, message):
                    decisions += watch.end(generation, RestartCause.HANG, message, now)
                case Stuck():
                    guilty = _guilty(verdict)
                    decisions += watch.end(generation, RestartCause.OVERDUE, guilty[0].message, now, guilty)
        return decisions

    def _if_too_large(self, ping: Ping, now: float) -> list[Decision]:
        limit, watch = self._settings.memory_mb, self._watch(ping.agent)
        if not limit or ping.memory_mb <= limit or not watch.lives(ping.generation):
            return []
        told = f"it held {ping.memory_mb} MiB of memory; an agent may have {limit}"
        return watch.end(ping.generation, RestartCause.MEMORY, told, now)

    def _watch(self, agent: str) -> Watch:
        if agent not in self._agents:
            self._agents[agent] = Watch(agent, self._settings, self._random)
        return self._agents[agent]

    def _model(self, model: str) -> Breaker:
        if model not in self._models:
            self._models[model] = Breaker(model, self._settings, self._random)
        return self._models[model]

    def _watched(self) -> tuple[Watch | Breaker, ...]:
        return *self._agents.values(), *self._models.values()


def _settle(owed: list[Fault], event: AgentErrorRecorded) -> None:
    for place, fault in enumerate(owed):
        if fault[:3] == (event.agent, event.generation, event.message):
            del owed[place]
            return


def _guilty(stuck: Stuck) -> tuple[Guilty, ...]:
    return tuple(
        Guilty(
            late.run,
            late.item,
            late.epoch,
            f"item {late.item!r} of run {late.run} went on {late.over_s:.0f} s after its timeout of "
            f"{late.timeout_s:g} s and could not be stopped",
        )
        for late in stuck.attempts
    )

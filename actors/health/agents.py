"""One agent under supervision: its faults, its restarts, whether its process may take work."""

from random import Random
from typing import Final, NamedTuple

from actors.health.backoff import full_jitter
from actors.health.decisions import Admit, Decision, GiveUp, Guilty, Record, Restart
from actors.health.window import Window
from actors.journal.fleet import AgentErrorRecorded, AgentFailed, AgentHealthDegraded, AgentRestarted
from actors.settings import HealthSettings
from actors.work import UNEXPLAINED, RestartCause

FAULTS: Final = frozenset({RestartCause.CRASH, RestartCause.HANG, RestartCause.MEMORY})
"""Ends that are a fault of the agent, besides being its restart."""

SPENDING: Final = FAULTS | {RestartCause.THRESHOLD}
"""Ends that count against the number of restarts and wait for the back-off. A person's order, a lost node and an item
that would not stop do not: OTP too counts only restarts that the supervisor made because the child failed."""

GONE: Final = frozenset({RestartCause.CRASH, RestartCause.NODE_LOST})
"""Ends that have happened: there is no process to end any more."""


class AgentHealth(NamedTuple):
    """An agent's health as people see it."""

    error_count: int = 0
    """Faults within the window that ends now."""
    last_error: str | None = None
    is_healthy: bool = True
    last_restart: float | None = None
    """Unix seconds."""


class _Ended(NamedTuple):
    at: float
    order: Restart | GiveUp


class Watch:
    """What is known of one agent. Generations only grow; whatever comes from an ended one is old news."""

    def __init__(self, agent: str, settings: HealthSettings, random: Random) -> None:
        self.agent, self._settings, self._random = agent, settings, random
        self.generation = 0
        """The newest that is known."""
        self.ended = 0
        """The newest that has ended."""
        self.failed = False
        self._working = 0
        """The newest that was admitted."""
        self._faults, self._restarts = Window(settings.window_s), Window(settings.restarts_window_s)
        self._last_error: str | None = None
        self._last_restart: float | None = None
        self._last_end: _Ended | None = None
        self._forget()

    def _forget(self) -> None:
        self._explained, self._guilty = True, dict[Guilty, None]()
        self._waiting: int | None = None
        """The generation that is up and not admitted."""
        self._admit_at: float | None = None
        self._unseen: tuple[int, float] | None = None
        """A generation whose end nobody told of though a newer one is up, and until when that may come."""
        self._first_s = self._settings.silent_node_s
        """So long a first process may be silent."""

    def health(self, now: float) -> AgentHealth:
        """As people see it, now."""
        count = self._faults.count(now)
        healthy = not self.failed and count < self._settings.restart_faults
        return AgentHealth(count, self._last_error, healthy, self._last_restart)

    def lives(self, generation: int) -> bool:
        """Whether this is the process that works, or will."""
        return not self.failed and generation > self.ended and generation >= self.generation

    def fault(self, generation: int, message: str, at: float, now: float) -> list[Decision]:
        """A fault in an item. Of a process that has ended it is recorded, and not held against the next one."""
        if not self.lives(generation):
            self._last_error = message
            return [Record(AgentErrorRecorded(agent=self.agent, generation=generation, message=message, count=0))]
        self.generation = generation
        decisions = self._count(generation, message, at)
        if (count := self._faults.count(at)) >= self._settings.restart_faults and now - at <= self._settings.window_s:
            reason = f"{count} faults within {self._settings.window_s:g} s, the last: {message}"
            decisions += self._end(generation, RestartCause.THRESHOLD, reason, now, ())
        return decisions

    def end(
        self, generation: int, cause: RestartCause, reason: str, now: float, guilty: tuple[Guilty, ...] = ()
    ) -> list[Decision]:
        """The process has ended, or is to end; once for each generation."""
        if self.failed or generation <= self.ended:
            return []
        decisions = self._count(generation, reason, now) if cause in FAULTS else []
        return decisions + self._end(generation, cause, reason, now, guilty)

    def requested(self, now: float) -> list[Decision]:
        """A person wants another process; nothing happens where one is on its way already, unless it is the first."""
        if self._unseen or self.failed:
            return []
        if not (self.lives(self.generation) or self._last_end):
            return [Restart(self.agent, 0, RestartCause.REQUEST, "a person asked for it")]
        return self.end(self.generation, RestartCause.REQUEST, "a person asked for it", now)

    def reset(self) -> None:
        """Nothing of before counts any more; what people see of it stays."""
        self.ended, self.failed = self.generation, False
        self._faults.clear()
        self._restarts.clear()
        self._last_end = None
        self._forget()

    def started(self, generation: int, now: float) -> list[Decision]:
        """A process is up and is admitted when it is due. The end of the one before may be told a moment later."""
        if self.failed:
            return self._insist(generation)
        if not self.lives(generation) or generation in (self._working, self._waiting):
            return []
        if self.ended < self.generation < generation:
            self._unseen = self.generation, now + self._settings.patience_s
        self.generation = self._waiting = generation
        latest = now + self._settings.backoff_max_s  # a clock that was set back must not make it wait for hours
        self._admit_at = now if self._admit_at is None else min(self._admit_at, latest)
        return []

    def found(self, generation: int, admitted: bool, now: float) -> list[Decision]:
        """A process lives that nobody watched for a while."""
        if admitted and self.lives(generation):
            self.generation = generation
            self.admitted(generation)
        return self.started(generation, now)

    def silent(self, silent_s: float, now: float) -> list[Decision]:
        """Its process does not say what it is: it hangs, or was to be ended and was not.

        A first one may be slow to start: it has longer, each time twice as long, and no fault is counted.
        """
        if self.lives(self.generation):
            return self.end(self.generation, RestartCause.HANG, "it did not say what it is", now)
        if self._last_end:
            return self._insist(self.generation)
        if silent_s < self._first_s:
            return []
        self._first_s *= 2
        return [Restart(self.agent, 0, RestartCause.HANG, f"it has not said what it is for {silent_s:.0f} s")]

    def admitted(self, generation: int) -> None:
        """It takes work: what happened before it has been told."""
        if self.lives(generation):
            self._working = generation
            self._forget()

    def answered(self, generation: int, asked_at: float) -> list[Decision]:
        """A process that should have ended long ago and still answers is ended again, without another fact."""
        if not self._last_end or asked_at <= self._last_end.at + self._settings.patience_s:
            return []
        if not self.failed and generation > self.ended:
            return []
        self._last_end = self._last_end._replace(at=asked_at)
        return self._insist(generation)

    def due(self, now: float) -> list[Decision]:
        """What time alone brings: an end that nobody told of, an admission."""
        moment = self.wake_at()
        if moment is None or now < moment:
            return []
        if self._unseen:
            return self.end(self._unseen[0], RestartCause.CRASH, "its process ended, and nobody saw how", now)
        assert self._waiting is not None
        self._admit_at = now + self._settings.patience_s
        return [Admit(self.agent, self._waiting, moment, self._explained, tuple(self._guilty))]

    def wake_at(self) -> float | None:
        """When `due` will have something to say."""
        if self._unseen:
            return self._unseen[1]
        return self._admit_at if self._waiting else None

    def _insist(self, generation: int) -> list[Decision]:
        return [self._last_end.order._replace(generation=generation)] if self._last_end else []

    def _count(self, generation: int, message: str, at: float) -> list[Decision]:
        self._last_error = message
        self._faults.add(at)
        count = self._faults.count(at)
        recorded = AgentErrorRecorded(agent=self.agent, generation=generation, message=message, count=count)
        if count < self._settings.degraded_faults:
            return [Record(recorded)]
        healthy = count < self._settings.restart_faults
        return [Record(recorded), Record(AgentHealthDegraded(agent=self.agent, count=count, is_healthy=healthy))]

    def _end(
        self, generation: int, cause: RestartCause, reason: str, now: float, guilty: tuple[Guilty, ...]
    ) -> list[Decision]:
        if cause in SPENDING and (spent := self._restarts.count(now)) >= self._settings.restarts:
            return self._fail(GiveUp(self.agent, generation, cause, reason, guilty), spent, now)
        order = Restart(self.agent, generation, cause, reason, guilty)
        self.note_end(order, now)
        event = AgentRestarted(agent=self.agent, generation=generation, cause=cause, reason=reason)
        return [Record(event)] if cause in GONE else [Record(event), order]

    def _fail(self, order: GiveUp, spent: int, now: float) -> list[Decision]:
        self.note_failure(order, now)
        within = f"{spent} restarts within {self._settings.restarts_window_s:g} s were not enough"
        told = f"{within}, the last cause: {order.reason}; `mnemosyne agents reset {self.agent}` starts it anew"
        return [Record(AgentFailed(agent=self.agent, reason=told)), order]

    def note_end(self, order: Restart, at: float) -> None:
        """This generation has ended; the next one is admitted after the back-off."""
        due = at
        if order.cause in SPENDING:
            tries = self._restarts.count(at)
            due += full_jitter(self._settings.backoff_base_s, tries, self._settings.backoff_max_s, self._random)
            self._restarts.add(at)
        self._admit_at = max(due, self._admit_at or due)
        self._explained &= order.cause not in UNEXPLAINED
        self._guilty.update(dict.fromkeys(order.guilty))
        self._faults.clear()
        self._last_restart = at
        self._note(order, at)

    def note_failure(self, order: GiveUp, at: float) -> None:
        """The agent is failed."""
        self.failed = True
        self._note(order, at)

    def _note(self, order: Restart | GiveUp, at: float) -> None:
        self.generation = max(self.generation, order.generation)
        self.ended = max(self.ended, order.generation)
        self._last_end = _Ended(at, order)
        self._waiting = self._waiting if self._waiting and self._waiting > self.ended else None
        self._unseen = self._unseen if self._unseen and self._unseen[0] > self.ended else None

    def note_fault(self, event: AgentErrorRecorded) -> None:
        """A fault that is on record."""
        self._last_error = event.message
        if self.lives(event.generation):
            self._faults.add(event.at)

    def note_start(self, generation: int) -> None:
        """A process that is on record; whether it lives and is admitted is not known."""
        self.generation = max(self.generation, generation)

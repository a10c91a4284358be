"""Rounds of pings: each ward has one question open at most, and a slow answer is not asked for twice."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import NamedTuple

from actors.errors import FleetError
from actors.health.observations import Ping, Round
from actors.settings import HealthSettings
from actors.supervision.wards import Hello, Pulse, Ward

EVERY_S = 1.0


class Question(NamedTuple):
    """One ping on its way."""

    pid: int
    asked_at: float
    answer: "asyncio.Task[tuple[Pulse, float] | None]"


class Pings:
    """Asks all wards that should answer, once a round."""

    def __init__(self, wards: Mapping[str, Ward], settings: HealthSettings, clock: Callable[[], float]) -> None:
        self._wards, self._settings, self._clock = wards, settings, clock
        self._open: dict[str, Question] = {}
        self._last: dict[str, Pulse] = {}
        self._heard_at = 0.0

    def heard(self) -> bool:
        """Whether any of them answered within the time in which a silent one hangs."""
        return self._clock() - self._heard_at < self._settings.silent_s

    async def listen(self, ward: Ward) -> None:
        """Until cancelled: note that this one answers. For the time in which nobody is pinged yet."""
        while True:
            with suppress(FleetError):
                await ward.hello()
                self._heard_at = self._clock()
            await asyncio.sleep(EVERY_S)

    def hears(self) -> bool:
        """Whether any of them answers now: its last answer was not slow, and was told within two rounds."""
        return self._clock() - self._heard_at < self._settings.slow_answer_s + 2 * EVERY_S

    def idle(self) -> dict[str, int]:
        """Agents that had no work when they answered last, with their generations."""
        return {agent: pulse.generation for agent, pulse in self._last.items() if not pulse.at_work}

    async def round(self, hellos: Mapping[str, Hello]) -> Round:
        """Ask, wait for the round's end, and tell what came of it."""
        self._forget(hellos)
        for agent, hello in hellos.items():
            if agent not in self._open:
                answer = asyncio.ensure_future(self._ask(self._wards[agent]))
                self._open[agent] = Question(hello.pid, self._clock(), answer)
        due = self._clock() + EVERY_S
        await asyncio.sleep(EVERY_S)
        late_s = max(0.0, self._clock() - due)
        self._forget(hellos)  # a process that took another's place has not been asked yet
        return Round(tuple(self._told(agent, hello) for agent, hello in hellos.items() if agent in self._open), late_s)

    def _forget(self, hellos: Mapping[str, Hello]) -> None:
        """Questions to processes that are gone."""
        for agent, question in list(self._open.items()):
            if agent not in hellos or hellos[agent].pid != question.pid:
                question.answer.cancel()
                del self._open[agent]
                self._last.pop(agent, None)

    def _told(self, agent: str, hello: Hello) -> Ping:
        question = self._open[agent]
        answer = question.answer.result() if question.answer.done() and not question.answer.cancelled() else None
        if question.answer.done():
            del self._open[agent]
        if answer is None:
            return Ping(agent, hello.generation, hello.node, question.asked_at, None)
        pulse, at = answer
        self._last[agent], self._heard_at = pulse, max(self._heard_at, at)
        state = (pulse.tick_age_s, pulse.overdue, pulse.memory_mb)
        return Ping(agent, hello.generation, hello.node, question.asked_at, at, *state)

    async def _ask(self, ward: Ward) -> tuple[Pulse, float] | None:
        with suppress(FleetError):  # its end is seen by others
            return await ward.pulse(), self._clock()
        return None

"""Strikes a fleet at random moments: ends processes, stops them, stops them for a while, and has model calls fail."""

import os
import signal
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import NamedTuple

from cluster.fleet_file import FleetFile
from tests.campaign.model import GROUPS, CampaignModel
from tests.fleets import processes, strike

VICTIMS = ("agent", "monitor", "governor", "store", "page", "driver")
STOPPED = tuple(victim for victim in VICTIMS if victim != "driver")
"""A stopped process of these is found and ended by others; a driver's run is a person's to take over."""

KINDS = (
    *(("kill", victim) for victim in VICTIMS),
    *(("stop", victim) for victim in STOPPED),
    *(("freeze", victim) for victim in VICTIMS),
    *(("model", group) for group in GROUPS),
)
"""kill: SIGKILL. stop: SIGSTOP. freeze: SIGSTOP, and SIGCONT after a while. model: the next call fails."""

PAUSE_S = (0.5, 3.0)
"""Between two strikes."""
FROZEN_S = (0.3, 6.0)
"""Shorter and longer than what is taken for a hang."""


class Struck(NamedTuple):
    """A fault that has landed."""

    how: str
    what: str
    at: float
    """Unix seconds."""
    pid: int = 0


class Monkey:
    """Deals the kinds like cards, so that each comes as often as every other; what cannot land now comes next.

    `clock`: Unix seconds. `frozen` is told of a process that sleeps for a while, with what it is.
    """

    def __init__(
        self, seed: int, fleet: FleetFile, model: CampaignModel, clock: Callable[[], float], begin: float
    ) -> None:
        self._rng, self._fleet, self._model, self._clock = Random(f"monkey {seed}"), fleet, model, clock
        self._deck: list[tuple[str, str]] = []
        self._next = begin + self._rng.uniform(*PAUSE_S)
        self._thaws: dict[int, float] = {}
        self._seen = 0
        self.struck: list[Struck] = []

    def act(self) -> Struck | None:
        """What is due now, if anything is."""
        now = self._clock()
        self._hear()
        for pid, at in list(self._thaws.items()):
            if at <= now:
                self._thaw(pid)
        if now < self._next:
            return None
        self._next = now + self._rng.uniform(*PAUSE_S)
        return self._deal(now)

    def rest(self) -> None:
        """Let go of what is only frozen."""
        self._hear()
        for pid in list(self._thaws):
            self._thaw(pid)

    def _hear(self) -> None:
        """Of the model faults that have landed."""
        new = self._model.landed[self._seen :]
        self._seen += len(new)
        self.struck += [Struck("model", group, at) for group, at in new]

    def _thaw(self, pid: int) -> None:
        strike(pid, signal.SIGCONT)
        del self._thaws[pid]

    def _deal(self, now: float) -> Struck | None:
        if not self._deck:
            self._deck = list(KINDS)
            self._rng.shuffle(self._deck)
        for place, (how, what) in enumerate(self._deck):
            if how == "model":
                del self._deck[place]
                self._model.fail(what, self._rng)
                return None
            if pid := self._victim(how, what):
                del self._deck[place]
                return self._strike(how, what, pid, now)
        return None

    def _victim(self, how: str, what: str) -> int | None:
        """One that is there, and not stopped if it is to be; chance takes part even if there is one."""
        alive = [pid for pid in processes(self._fleet, what) if how == "kill" or not is_stopped(pid)]
        place = self._rng.random()
        return alive[int(place * len(alive))] if alive else None

    def _strike(self, how: str, what: str, pid: int, now: float) -> Struck | None:
        try:
            os.kill(pid, signal.SIGKILL if how == "kill" else signal.SIGSTOP)
        except ProcessLookupError:
            return None
        if how == "freeze":
            self._thaws[pid] = now + self._rng.uniform(*FROZEN_S)
        struck = Struck(how, what, now, pid)
        self.struck.append(struck)
        return struck


def is_stopped(pid: int) -> bool:
    """Whether a signal holds the process; also if it is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "TtZX"
    except OSError:
        return True

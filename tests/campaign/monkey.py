"""Strikes a fleet at random moments: ends processes, stops them, stops them for a while, and has model calls fail.

Where its store is on a server, that too: its sessions are cut, and it is down for a while.
"""

import math
import os
import signal
from collections.abc import Callable
from functools import partial
from pathlib import Path
from random import Random
from typing import NamedTuple

from cluster.fleets.fleet_file import FleetFile
from tests.campaign.model import GROUPS, CampaignModel
from tests.support.fleets import processes, strike
from tests.support.servers import PostgresServer

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

DATABASE = (("cut", "database"), ("down", "database"))
"""Kinds for a store on a server. cut: the writers' sessions end. down: it ends as if killed, and is started again."""

FROZEN_S = (0.3, 6.0)
"""Shorter and longer than what is taken for a hang."""


class Manner(NamedTuple):
    """How it strikes."""

    kinds: tuple[tuple[str, str], ...]
    pause_s: tuple[float, float]
    """Least and most between two strikes."""


USUAL = Manner(KINDS, (0.5, 3.0))
QUICK = Manner(tuple(kind for kind in KINDS if kind != ("stop", "monitor")), (0.4, 1.4))
"""Without what takes its drivers 15 s to find."""


class Struck(NamedTuple):
    """A fault that has landed."""

    how: str
    what: str
    at: float
    """Unix seconds."""
    pid: int = 0


class Monkey:
    """Deals the kinds like cards, so that each comes as often as every other; what cannot land now comes next.

    `clock`: Unix seconds.
    """

    def __init__(
        self,
        seed: int,
        fleet: FleetFile,
        model: CampaignModel,
        clock: Callable[[], float],
        database: PostgresServer | None = None,
        manner: Manner = USUAL,
    ) -> None:
        self._rng, self._fleet, self._model, self._clock = Random(f"monkey {seed}"), fleet, model, clock
        self._database, self._pause_s = database, manner.pause_s
        self.kinds = (*manner.kinds, *(DATABASE if database else ()))
        self._deck: list[tuple[str, str]] = []
        self._next = math.inf
        self._thaws: list[tuple[float, Callable[[], None]]] = []
        self._seen = 0
        self.struck: list[Struck] = []

    def begin(self) -> None:
        """From now on."""
        self._next = self._clock() + self._rng.uniform(*self._pause_s)

    @property
    def void(self) -> list[tuple[str, str]]:
        """Kinds of which none has landed yet."""
        landed = {(struck.how, struck.what) for struck in self.struck}
        return [kind for kind in self.kinds if kind not in landed]

    def act(self) -> Struck | None:
        """What is due now, if anything is."""
        now = self._clock()
        self._hear()
        self._thaw(now)
        if now < self._next:
            return None
        self._next = now + self._rng.uniform(*self._pause_s)
        return self._deal(now)

    def rest(self) -> None:
        """Let go of what is only frozen."""
        self._hear()
        self._thaw(math.inf)

    def _hear(self) -> None:
        """Of the model faults that have landed."""
        new = self._model.landed[self._seen :]
        self._seen += len(new)
        self.struck += [Struck("model", group, at) for group, at in new]

    def _thaw(self, upto: float) -> None:
        due = [thaw for at, thaw in self._thaws if at <= upto]
        self._thaws = [(at, thaw) for at, thaw in self._thaws if at > upto]
        for thaw in due:
            thaw()

    def _deal(self, now: float) -> Struck | None:
        if not self._deck:
            self._deck = list(self.kinds)
            self._rng.shuffle(self._deck)
        for place, (how, what) in enumerate(self._deck):
            if how == "model":
                del self._deck[place]
                self._model.fail(what, self._rng)
                return None
            if (
                struck := self._strike_at(self._database, how, now)
                if what == "database"
                else self._strike(how, what, now)
            ):
                del self._deck[place]
                self.struck.append(struck)
                return struck
        return None

    def _strike_at(self, database: PostgresServer | None, how: str, now: float) -> Struck | None:
        if database is None or not database.is_up:
            return None
        if how == "cut":
            return Struck(how, "database", now) if database.cut() else None
        database.stop()
        self._thaws.append((now + self._rng.uniform(*FROZEN_S), database.start))
        return Struck(how, "database", now)

    def _victim(self, how: str, what: str) -> int | None:
        """One that is there, and not stopped if it is to be; chance takes part even if there is one."""
        alive = [pid for pid in processes(self._fleet, what) if how == "kill" or not is_stopped(pid)]
        place = self._rng.random()
        return alive[int(place * len(alive))] if alive else None

    def _strike(self, how: str, what: str, now: float) -> Struck | None:
        pid = self._victim(how, what)
        if pid is None:
            return None
        try:
            os.kill(pid, signal.SIGKILL if how == "kill" else signal.SIGSTOP)
        except ProcessLookupError:
            return None
        if how == "freeze":
            self._thaws.append((now + self._rng.uniform(*FROZEN_S), partial(strike, pid, signal.SIGCONT)))
        return Struck(how, what, now, pid)


def is_stopped(pid: int) -> bool:
    """Whether a signal holds the process; also if it is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "TtZX"
    except OSError:
        return True

"""What goes wrong, when: a bounded number of faults, drawn while the run goes on."""

from collections.abc import Callable
from enum import StrEnum
from random import Random

from tests.simulation.process import Process


class Fate(StrEnum):
    """What happens to one message, or beside it."""

    LOST = "the request is lost and the caller is told that nobody answers"
    ANSWER_LOST = "it is carried out, and the caller is told that nobody answers"
    MUTE = "nothing ever comes back"
    REPEATED = "it is carried out twice"
    SLOW = "others overtake it"
    CALLER_DIES_BEFORE = "its caller dies before it is sent"
    CALLER_DIES_AFTER = "its caller dies when it has been carried out"
    SERVER_DIES_BEFORE = "the process that it is for dies before"
    SERVER_DIES_AFTER = "the process that it is for dies when it has been carried out"
    CALLER_FREEZES = "its caller is stopped for a while"
    SERVER_FREEZES = "the process that it is for is stopped for a while"
    WISH = "somebody asks for something"
    DRAIN = "the driver is drained"
    TAKE_OVER = "a second driver takes the run"
    DRIVERS_DIE = "every driver of a run dies"
    AGENT_DIES = "an agent dies"
    AGENT_STOPS = "an agent is stopped in good order"
    AGENT_ENDED = "an agent's process is ended by order"
    AGENT_OVERDUE = "an agent's process is ended because of an item that went on after its timeout"
    AGENT_FAILS = "an agent is given up, and begins anew a while later"
    NODE_LOST = "an agent is lost with its node, and comes up elsewhere a while later"
    MODEL_GONE = "the model cannot be had for a while"


BESIDE = frozenset(list(Fate)[list(Fate).index(Fate.CALLER_FREEZES) :])
"""These happen beside the message."""

DEATHS = {Fate.CALLER_DIES_BEFORE, Fate.CALLER_DIES_AFTER, Fate.SERVER_DIES_BEFORE, Fate.SERVER_DIES_AFTER}

ONCE = {"claim", "register"}
"""Not repeated by the network: their caller sends them again itself, and goes by the last answer."""

Act = Callable[[Fate, Process, Process], None]


class Faults:
    """Draws fates until `left` is used up; `story` tells what was drawn."""

    def __init__(self, rng: Random, clock: Callable[[], float], act: Act, left: int) -> None:
        self._rng, self._clock, self._act = rng, clock, act
        self.left = left
        self._rate = rng.choice((0.03, 0.1, 0.2, 0.4))
        self._kinds = rng.sample(list(Fate), rng.randint(1, len(Fate)))
        self.story: list[str] = []
        self.orderly = True
        """Whether every message so far came once and in time."""

    def fate(self, caller: Process, server: Process, method: str) -> Fate | None:
        """Of the next message."""
        if self.left <= 0 or self._rng.random() >= self._rate:
            return None
        fate = self._rng.choice(self._kinds)
        if (fate is Fate.MUTE and method != "attach") or (fate is Fate.REPEATED and method in ONCE):
            return None
        self.left -= 1
        self.story.append(f"{self._clock():9.4f} {caller.name} calls {server.name}.{method}: {fate.value}")
        if fate in BESIDE:
            self._act(fate, caller, server)
            return None
        self.orderly = self.orderly and fate in DEATHS
        return fate

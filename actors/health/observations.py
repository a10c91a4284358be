"""What supervision is told. Moments are Unix seconds of one clock that never goes back; spans are seconds."""

from typing import NamedTuple

from actors.work import FailureKind, RestartCause


class Fault(NamedTuple):
    """An agent fault in an item: an exception that nobody expected, or an outcome that breaks its schema."""

    agent: str
    generation: int
    message: str
    at: float | None = None
    """When it happened; None: now. Reading the journal late changes nothing."""


class Died(NamedTuple):
    """The process of this generation is gone; Ray starts the next one by itself."""

    agent: str
    generation: int
    cause: RestartCause
    message: str


class Started(NamedTuple):
    """The process of this generation is up and waits to be admitted."""

    agent: str
    generation: int


class Found(NamedTuple):
    """A monitor that has just begun found this process alive."""

    agent: str
    generation: int
    admitted: bool


class Silent(NamedTuple):
    """A process that takes part, as far as is known, does not say what it is."""

    agent: str
    silent_s: float
    """For how long; not counted is the time in which no node has taken it in."""


class Admitted(NamedTuple):
    """The process of this generation takes work now."""

    agent: str
    generation: int


class Requested(NamedTuple):
    """A person wants a new process for the agent."""

    agent: str


class Reset(NamedTuple):
    """The agent is created anew, with the fleet or by a person: nothing is held against it any more."""

    agent: str
    if_failed: bool = False
    """Only if it was given up."""


class Overdue(NamedTuple):
    """An attempt that goes on after its timeout."""

    run: str
    item: str
    epoch: int
    timeout_s: float
    over_s: float


class Ping(NamedTuple):
    """What one actor made of the oldest ping that it had not answered before this round."""

    agent: str
    generation: int
    node: str
    asked_at: float
    answered_at: float | None
    """None: not yet."""
    tick_age_s: float = 0.0
    """Age of its main loop's last tick when it answered."""
    overdue: tuple[Overdue, ...] = ()
    memory_mb: int = 0
    """What it holds in memory, in MiB; 0: not known."""


class Round(NamedTuple):
    """All actors that should answer, looked at in one moment; one ping each."""

    pings: tuple[Ping, ...]
    late_s: float = 0.0
    """How much later than it meant to the monitor itself came to this round."""


class ModelFailed(NamedTuple):
    """A call of a model failed, for a reason of this kind."""

    model: str
    kind: FailureKind
    run: str
    item: str
    agent: str
    message: str


class ModelAnswered(NamedTuple):
    """A call of a model was answered, be it with a refusal."""

    model: str


class Tick(NamedTuple):
    """Time has passed."""


Observation = (
    Fault | Died | Started | Found | Silent | Admitted | Requested | Reset | Round | ModelFailed | ModelAnswered | Tick
)

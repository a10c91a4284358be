"""What the run state asks the driver to do, and what the driver tells it beside the journal."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from actors.events import Event, ItemAssigned
from actors.spending.account import Account
from actors.work import Content, Task


class Append(NamedTuple):
    """Put this fact into the journal; hand it back to `RunState.handle` once it is on disk."""

    event: Event
    payloads: Mapping[str, str] = MappingProxyType({})
    """Texts that it refers to by their hash; on disk with it."""


class Fetch(NamedTuple):
    """Read these texts for this item, which is about to grow or to be joined, and hand them back as Fetched."""

    item: str
    contents: tuple[Content, ...]


class Submit(NamedTuple):
    """Give this task to this agent. Its assignment is on disk."""

    agent: str
    task: Task


class Cancel(NamedTuple):
    """Tell this agent to give this attempt up; it closes it as lost, if it is not too late."""

    agent: str
    item: str
    epoch: int


Command = Append | Fetch | Submit | Cancel


class AgentAttached(NamedTuple):
    """The agent answers: it works on `concurrency` items at once and holds `held` (item, epoch) of this run."""

    agent: str
    generation: int
    concurrency: int
    held: frozenset[tuple[str, int]] = frozenset()
    explained: bool = True
    """Whether it is known why the process before this one ended."""
    guilty: Mapping[tuple[str, int], str] = MappingProxyType({})
    """Attempts (item, epoch) that the process before was ended for, with why."""


class AgentAway(NamedTuple):
    """The agent does not answer; what it holds is not known until it is attached again."""

    agent: str


class Drain(NamedTuple):
    """Assign nothing new, let what is active end, then pause as interrupted."""


class Fetched(NamedTuple):
    """The texts that were asked for, in their order."""

    item: str
    texts: tuple[str, ...] = ()
    problem: str = ""
    """Why there are none."""


class Unaffordable(NamedTuple):
    """The store did not open this attempt: the fleet's budget has no room for it."""

    event: ItemAssigned


class FleetAccount(NamedTuple):
    """What the fleet's budget has left now; None if there is none."""

    account: Account | None


Stimulus = Event | AgentAttached | AgentAway | Drain | Fetched | Unaffordable | FleetAccount

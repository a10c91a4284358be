"""What the journal has told of each agent, as far as the health monitor goes by it. No clock, no disk."""

from actors.events import Event
from actors.journal.fleet import (
    AgentFailed,
    AgentResetRequested,
    AgentRestarted,
    AgentRestartRequested,
    AgentStarted,
    AgentStarting,
    AgentUnavailable,
)

Wish = AgentRestartRequested | AgentResetRequested
"""What a person wants of an agent."""


class Told:
    """By agent."""

    def __init__(self) -> None:
        self.started: dict[str, AgentStarted] = {}
        """The newest of each."""
        self.missing: set[str] = set()
        """Agents that were given up, or could not be started."""
        self.wishes: dict[str, Wish] = {}
        """The newest of each that nobody has granted yet."""

    def note(self, event: Event) -> None:
        """Take in the next event of the journal."""
        match event:
            case AgentStarting(agent=agent):
                self.started.pop(agent, None)
                self.missing.discard(agent)
                self.wishes.pop(agent, None)
            case AgentStarted(agent=agent):
                self.started[agent] = event
                self.missing.discard(agent)
                self.wishes.pop(agent, None)
            case AgentFailed(agent=agent) | AgentUnavailable(agent=agent):
                self.missing.add(agent)
                self.wishes.pop(agent, None)
            case AgentRestarted(agent=agent):
                self.wishes.pop(agent, None)
            case AgentRestartRequested(agent=agent) | AgentResetRequested(agent=agent):
                self.wishes[agent] = event

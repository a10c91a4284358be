"""What every process of a fleet is started with."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from actors.handles.names import GOVERNOR, PAGE, STORE, model_actor
from actors.processes.agent import AgentProcess
from actors.remote import spawn


class FleetPlan(NamedTuple):
    """What every process of a fleet is started with."""

    namespace: str
    settings: str
    shared: Sequence[str]
    """Models that live in processes of their own."""
    detached: bool
    governed: bool = True
    """Whether the fleet has a governor: where every model is local or scripted, it needs none."""
    agent_cpus: float = 0

    def support(self) -> list[str]:
        """Names of the actors that are watched, and are no agents."""
        return [STORE, *[GOVERNOR] * self.governed, *[PAGE] * self.detached, *map(model_actor, self.shared)]

    def start_agent(self, name: str) -> Any:
        """The handle of a new agent, or of the one of this name if the fleet is detached."""
        arguments = (name, self.settings, self.namespace, self.shared)
        return spawn(AgentProcess, name, self.namespace, *arguments, cpus=self.agent_cpus, detached=self.detached)

"""One agent's process, and what it finds around it in a fleet."""

from collections.abc import Sequence

from actors.handles.governor import RemoteGovernor
from actors.handles.model import RemoteModel
from actors.handles.names import GOVERNOR, STORE, model_actor
from actors.handles.store import RemoteStore
from actors.host import AgentHost
from actors.machine import process_memory
from actors.remote import find, this_node, title
from actors.secrecy.redaction import guard_logs
from actors.settings import Settings
from actors.work import role_of

CAP = 2
"""Times the memory an agent may have, so that one that grows within a second or that blocks its pulse is held too."""


class AgentProcess(AgentHost):
    """One agent."""

    def __init__(self, id_: str, settings: str, namespace: str, shared: Sequence[str]) -> None:
        guard_logs()
        told = Settings.model_validate_json(settings)
        if told.health.memory_mb:
            process_memory.cap(CAP * told.health.memory_mb)
        super().__init__(id_, role_of(id_), told, RaySurroundings(namespace, shared))

    def __repr__(self) -> str:
        return title(self._id)


class RaySurroundings:
    """See Surroundings."""

    def __init__(self, namespace: str, shared: Sequence[str]) -> None:
        self._namespace, self._shared = namespace, shared

    def store(self) -> RemoteStore:
        """See Surroundings."""
        return RemoteStore(find(STORE, self._namespace))

    def shared_model(self, name: str) -> RemoteModel | None:
        """See Surroundings."""
        return RemoteModel(find(model_actor(name), self._namespace)) if name in self._shared else None

    def governor(self) -> RemoteGovernor:
        """See Surroundings."""
        return RemoteGovernor(GOVERNOR, self._namespace)

    def node(self) -> str:
        """See Surroundings."""
        return this_node()

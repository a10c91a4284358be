"""The governor in its process."""

from typing import Any

from actors.errors import FleetError
from actors.governor.notes import Answer, Note
from actors.remote import BREAKS, find


class RemoteGovernor:
    """The governor of this namespace, whichever process it is now. Raises FleetError if it does not answer."""

    def __init__(self, name: str, namespace: str) -> None:
        self._name, self._namespace = name, namespace
        self._handle: Any = None

    async def exchange(self, agent: str, generation: int, note: Note) -> Answer:
        """See Desk."""
        try:
            self._handle = self._handle or find(self._name, self._namespace)
            answer: Answer = await self._handle.exchange.remote(agent, generation, note)
        except BREAKS as error:
            self._handle = None
            raise FleetError(f"{type(error).__name__}: {error}") from None
        return answer

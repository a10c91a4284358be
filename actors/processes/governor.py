"""The one process that gives permits for model calls."""

import asyncio

from actors.desk import Desk, tell
from actors.governor.needs import Amounts
from actors.governor.notes import Answer, Note
from actors.handles.names import GOVERNOR, STORE
from actors.handles.store import RemoteStore
from actors.machine import garbage, process_memory
from actors.processes.process import Process
from actors.remote import find
from actors.settings import Settings


class GovernorProcess(Process):
    """A Desk, opened with the first call."""

    def __init__(self, settings: str, namespace: str) -> None:
        super().__init__(GOVERNOR)
        garbage.calm()
        process_memory.outlive_agents()
        self._namespace = namespace
        ceilings = Settings.model_validate_json(settings).models.ceilings
        self._ceilings = {model: Amounts(**ceiling.model_dump()) for model, ceiling in ceilings.items()}
        self._desk: Desk | None = None

    async def exchange(self, agent: str, generation: int, note: Note) -> Answer:
        """See Desk."""
        if self._desk is None:
            self._desk = Desk(self._ceilings)
            self._telling = asyncio.ensure_future(tell(self._desk, RemoteStore(find(STORE, self._namespace))))
        return await self._desk.exchange(agent, generation, note)

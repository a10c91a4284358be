"""A model that lives in one process and is shared by the agents."""

from actors.errors import MnemosyneError
from actors.handles.names import model_actor
from actors.models.choice import open_model
from actors.models.port import Model, Request
from actors.processes.process import Process
from actors.secrecy.keys import AgentKey
from actors.settings import Settings
from actors.wire import reply_json


class ModelProcess(Process):
    """A model, opened with the first call."""

    def __init__(self, name: str, settings: str) -> None:
        super().__init__(model_actor(name))
        self._answers, self._settings = name, settings
        self._model: Model | None = None

    async def complete(self, request: bytes) -> tuple[str, bytes]:
        """Model.complete as JSON."""
        try:
            if self._model is None:
                settings = Settings.model_validate_json(self._settings)
                self._model = open_model(self._answers, settings.models, AgentKey())
            return reply_json(await self._model.complete(Request.model_validate_json(request)))
        except MnemosyneError as error:
            return reply_json(error)

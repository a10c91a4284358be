"""A model in a process of its own."""

import asyncio
from typing import Any

from actors.errors import ModelFaulty
from actors.models.port import OnDelta, Reply, Request
from actors.remote import CallFailed, ProcessEnded, cancel, cause_of
from actors.wire import reply_from, request_json

RETRY_S = 0.1

MODEL_TRIES = 3
"""A call that ends its model's process this often is at fault itself."""


class RemoteModel:
    """The Model behind a ModelProcess's handle."""

    def __init__(self, handle: Any) -> None:
        self._handle = handle

    async def complete(self, request: Request, on_delta: OnDelta | None = None) -> Reply:
        """See Model; deltas are not passed on."""
        del on_delta
        body = request_json(request)
        for _ in range(MODEL_TRIES):
            call = self._handle.complete.remote(body)
            try:
                return reply_from(*await call)
            except asyncio.CancelledError:
                cancel(call)
                raise
            except ProcessEnded:  # its process ended; Ray starts it again, and a local call costs nothing twice
                await asyncio.sleep(RETRY_S)
            except CallFailed as error:
                raise ModelFaulty(f"the process of model {request.model} failed: {cause_of(error)}") from None
        raise ModelFaulty(f"the process of model {request.model} ended {MODEL_TRIES} times during this call")

    async def close(self) -> None:
        """The model's process is the fleet's to end."""

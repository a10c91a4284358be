"""A model whose answers count only if they are whole, also where they are plain text."""

from actors.errors import AnswerCutOff
from actors.models.port import Model, OnDelta, Reply, Request, StopReason


class Whole:
    """Of another model."""

    def __init__(self, model: Model) -> None:
        self._model = model

    async def complete(self, request: Request, on_delta: OnDelta | None = None) -> Reply:
        """See Model. Raises AnswerCutOff for a text that reached a limit of tokens."""
        reply = await self._model.complete(request, on_delta)
        if reply.stop is not StopReason.MAX_TOKENS:
            return reply
        cut = AnswerCutOff(f"the text reached {reply.usage.output_tokens} tokens before its end")
        cut.raisable = reply.usage.output_tokens >= request.max_tokens  # else the model writes no more
        raise cut

    async def close(self) -> None:
        """See Model."""
        await self._model.close()

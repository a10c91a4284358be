"""One call to the local model on its way through the model's thread: what comes is collected here."""

from collections.abc import Callable, Mapping
from typing import Any

from actors.vocabulary.characters import whole
from actors.work import Usage


class LocalCall:
    """`take` is called in the model's thread for every chunk; `stopped` is set from outside to end the call."""

    def __init__(self, body: dict[str, Any], deliver: Callable[[str], object] | None = None) -> None:
        self.body, self._deliver = body, deliver
        self.stopped = False
        self.texts: list[str] = []
        self.finish = ""
        self.usage = Usage()
        self.error: Mapping[str, Any] | None = None

    def take(self, chunk: Mapping[str, Any]) -> bool:
        """True ends the call. Raises nothing, because the library would drop it without a word."""
        try:
            self._take(chunk)
        except Exception as error:
            self.error = {"message": f"a chunk of unknown shape: {type(error).__name__}: {error}"}
        return self.stopped or self.error is not None

    def _take(self, chunk: Mapping[str, Any]) -> None:
        if "error" in chunk:
            self.error = chunk["error"]
            return
        if usage := chunk.get("usage"):
            self.usage = Usage(input_tokens=usage["prompt_tokens"], output_tokens=usage["completion_tokens"])
        for choice in chunk["choices"]:
            self.finish = choice["finish_reason"] or self.finish
            if text := whole(choice["delta"].get("content") or ""):
                self.texts.append(text)
                if self._deliver is not None:
                    self._deliver(text)

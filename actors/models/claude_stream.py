"""A message that comes in pieces, put together."""

import json
from typing import Any

from pydantic import ValidationError

from actors.errors import ModelError, ModelFaulty
from actors.models.claude_errors import Redact, from_event, head
from actors.models.claude_message import Billed, WholeMessage, read_message
from actors.vocabulary.characters import whole
from actors.work import Usage


class Assembly:
    """Puts a streamed message together; `whole` once its last event has come."""

    def __init__(self, model: str, redact: Redact) -> None:
        self._model, self._redact = model, redact
        self._message: dict[str, Any] = {}
        self._blocks: dict[int, dict[str, Any]] = {}
        self._inputs: dict[int, list[str]] = {}
        """JSON of the tools' inputs, in pieces: parsed once, at the end."""
        self.whole = False

    def add(self, event: str | None, data: str) -> str:
        """Takes one server-sent event and gives the new text. Raises the error that an error event tells."""
        match event:
            case "error":
                raise self._told(data)
            case "message_start":
                self._message = dict(json.loads(data)["message"])
            case "content_block_start":
                fields = json.loads(data)
                self._blocks[fields["index"]] = dict(fields["content_block"])
            case "content_block_delta":
                return self._delta(json.loads(data))
            case "message_delta":
                self._end(json.loads(data))
            case "message_stop":
                self.whole = True
        return ""

    def usage(self) -> Usage:
        """What the message is billed for, as far as was told; while it is not whole, its output is not."""
        try:
            return Billed.model_validate(self._message.get("usage")).usage()
        except ValidationError:
            return Usage()

    def message(self) -> WholeMessage:
        """The message. Raises ModelFaulty if its end never came."""
        if not self.whole:
            faulty = ModelFaulty(f"{self._model}: the stream ended before the message did; its text is dropped")
            faulty.lost = True
            raise faulty
        for index, pieces in self._inputs.items():
            self._blocks[index]["input"] = self._input("".join(pieces))
        content = [self._blocks[index] for index in sorted(self._blocks)]
        return read_message(json.dumps({**self._message, "content": content}), self._model, self._redact)

    def _told(self, data: str) -> ModelError:
        try:
            said = json.loads(data)
        except ValueError:
            said = data
        return from_event(said, self._model, self._redact)

    def _input(self, text: str) -> Any:
        try:
            return json.loads(text or "{}")
        except ValueError:
            if self._message.get("stop_reason") == "max_tokens":
                return {}  # such calls are never run
            raise ModelFaulty(f"{self._model}: the input of a tool is no JSON: {head(text, self._redact)}") from None

    def _delta(self, fields: dict[str, Any]) -> str:
        index, delta = fields["index"], fields["delta"]
        block = self._blocks[index]
        match delta.get("type"):
            case "text_delta":
                text = str(delta["text"])
                block["text"] = block.get("text", "") + text  # its halves may come apart; they are looked at together
                return whole(text)
            case "input_json_delta":
                self._inputs.setdefault(index, []).append(delta["partial_json"])
            case "thinking_delta":
                block["thinking"] = block.get("thinking", "") + delta["thinking"]
            case "signature_delta":
                block["signature"] = delta["signature"]
            case "citations_delta":
                block["citations"] = [*(block.get("citations") or ()), delta["citation"]]
        return ""

    def _end(self, fields: dict[str, Any]) -> None:
        self._message.update(fields["delta"])
        told = {name: count for name, count in fields.get("usage", {}).items() if count is not None}
        self._message["usage"] = {**self._message.get("usage", {}), **told}

"""What the Messages API sends back: checked before anybody believes it, then a Reply or an error of ours."""

import json
from typing import Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt, ValidationError

from actors.errors import AnswerCutOff, AnswerInvalid, AnswerRefused, ContextTooLong, ModelError, ModelFaulty
from actors.models.answer import parse
from actors.models.claude_errors import Redact, from_event, head
from actors.models.limits import RateLimits
from actors.models.port import Reply, Request, StopReason
from actors.work import Usage

STOPS = {
    "end_turn": StopReason.END,
    "max_tokens": StopReason.MAX_TOKENS,
    "stop_sequence": StopReason.STOP_SEQUENCE,
}
SILENT_BLOCKS = {"thinking", "redacted_thinking"}
"""Blocks that are no part of the answer."""


class _Wire(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Block(_Wire):
    """One piece of the answer; other kinds than text have no `text`."""

    type: str
    text: str | None = None


class StopDetails(_Wire):
    """Why an answer was refused."""

    category: str | None = None
    explanation: str | None = None


class Billed(_Wire):
    """Tokens as the API counts them."""

    input_tokens: NonNegativeInt
    output_tokens: NonNegativeInt
    cache_creation_input_tokens: NonNegativeInt | None = None
    cache_read_input_tokens: NonNegativeInt | None = None

    def usage(self) -> Usage:
        """In our words."""
        return Usage(
            input_tokens=self.input_tokens,
            output_tokens=self.output_tokens,
            cache_read_tokens=self.cache_read_input_tokens or 0,
            cache_write_tokens=self.cache_creation_input_tokens or 0,
        )


class WholeMessage(_Wire):
    """A message that arrived whole: it has content, a reason why it stopped, and its usage."""

    type: Literal["message"]
    role: Literal["assistant"]
    model: str = Field(min_length=1, max_length=200)
    content: list[Block]
    stop_reason: str
    stop_details: StopDetails | None = None
    usage: Billed


def read_message(body: str, model: str, redact: Redact) -> WholeMessage:
    """The message in a JSON body. Raises ModelFaulty with the beginning of what came instead."""
    try:
        return WholeMessage.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        what = ".".join(str(part) for part in first["loc"]) or "body"
        faulty = ModelFaulty(f"{model}: no message came: {what}: {first['msg']}; got: {head(body, redact)}")
        faulty.lost = True
        raise faulty from None


class Assembly:
    """Puts a streamed message together; `whole` once its last event has come."""

    def __init__(self, model: str, redact: Redact) -> None:
        self._model, self._redact = model, redact
        self._message: dict[str, Any] = {}
        self._blocks: dict[int, dict[str, Any]] = {}
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
        content = [self._blocks[index] for index in sorted(self._blocks)]
        return read_message(json.dumps({**self._message, "content": content}), self._model, self._redact)

    def _told(self, data: str) -> ModelError:
        try:
            said = json.loads(data)
        except ValueError:
            said = data
        return from_event(said, self._model, self._redact)

    def _delta(self, fields: dict[str, Any]) -> str:
        delta = fields["delta"]
        if delta.get("type") != "text_delta":
            return ""
        block, text = self._blocks[fields["index"]], str(delta["text"])
        block["text"] = block.get("text", "") + text
        return text

    def _end(self, fields: dict[str, Any]) -> None:
        self._message.update(fields["delta"])
        told = {name: count for name, count in fields.get("usage", {}).items() if count is not None}
        self._message["usage"] = {**self._message.get("usage", {}), **told}


class Envelope(NamedTuple):
    """What came around a message."""

    seconds: float = 0.0
    request_id: str | None = None
    limits: RateLimits | None = None


def to_reply(message: WholeMessage, request: Request, around: Envelope) -> Reply:
    """The answer. Raises the error that its stop reason, its content or the schema calls for, with its usage."""
    usage = message.usage.usage()
    try:
        stop, text = _stop(message, request), _text(message)
        _check_not_empty(text, stop, message.model)
        parsed = None if request.output is None else parse(text, request.output)
    except ModelError as error:
        error.usage, error.limits = usage, around.limits
        raise
    return Reply(
        text=text,
        parsed=parsed,
        stop=stop,
        model=message.model,
        usage=usage,
        **around._asdict(),
    )


def _stop(message: WholeMessage, request: Request) -> StopReason:
    match message.stop_reason:
        case "refusal":
            raise AnswerRefused(_refusal(message))
        case "model_context_window_exceeded":
            raise ContextTooLong(
                f"the context of {message.model} was full after {message.usage.input_tokens} tokens of prompt and "
                f"{message.usage.output_tokens} of answer; shorten the inputs or choose a larger model"
            )
        case "max_tokens" if request.output is not None:
            raise AnswerCutOff(
                f"the answer of {message.model} reached its {request.max_tokens} max_tokens before its JSON was "
                "complete; raise max_tokens of the item"
            )
    if message.stop_reason not in STOPS:
        raise ModelFaulty(f"{message.model}: unknown stop reason {message.stop_reason!r:.60}")
    return STOPS[message.stop_reason]


def _refusal(message: WholeMessage) -> str:
    details = message.stop_details or StopDetails()
    because = f": {details.explanation[:300]}" if details.explanation else ""
    return (
        f"{message.model} declined to answer this prompt (category: {details.category or 'none given'}){because}; "
        "reword the item or choose another model"
    )


def _text(message: WholeMessage) -> str:
    texts = []
    for block in message.content:
        if block.type == "text" and block.text is not None:
            texts.append(block.text)
        elif block.type not in SILENT_BLOCKS:
            raise ModelFaulty(f"{message.model}: unexpected content block of type {block.type!r:.60}")
    return "".join(texts)


def _check_not_empty(text: str, stop: StopReason, model: str) -> None:
    if text.strip():
        return
    if stop is StopReason.MAX_TOKENS:
        raise AnswerCutOff(f"{model} spent all of its max_tokens before the answer began; raise max_tokens of the item")
    raise AnswerInvalid(f"the answer of {model} is empty")

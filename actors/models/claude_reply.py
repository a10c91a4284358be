"""What is made of a whole message: a Reply, or the error that its stop reason, its content or the schema calls for."""

from math import isfinite
from typing import Any, NamedTuple

from pydantic import ValidationError

from actors.errors import AnswerCutOff, AnswerInvalid, AnswerRefused, ContextTooLong, ModelError, ModelFaulty
from actors.models.answer import parse
from actors.models.blocks import Block, Opaque, Text, ToolCall
from actors.models.claude_message import StopDetails, WholeMessage, WireBlock
from actors.models.limits import RateLimits
from actors.models.port import Reply, Request, StopReason

STOPS = {
    "end_turn": StopReason.END,
    "max_tokens": StopReason.MAX_TOKENS,
    "stop_sequence": StopReason.STOP_SEQUENCE,
    "tool_use": StopReason.TOOL_USE,
    "pause_turn": StopReason.PAUSE,
}
ENDS = frozenset({StopReason.END, StopReason.MAX_TOKENS, StopReason.STOP_SEQUENCE})
"""The conversation does not go on by itself."""

SILENT = ("thinking", "redacted_thinking")
SERVERS = ("_tool_use", "_tool_result")
"""How the types of blocks end that the API's own tools leave."""


class Envelope(NamedTuple):
    """What came around a message."""

    seconds: float = 0.0
    request_id: str | None = None
    limits: RateLimits | None = None


def to_reply(message: WholeMessage, request: Request, around: Envelope) -> Reply:
    """The answer. Raises ModelError with the usage and with what was answered nevertheless."""
    usage, blocks = message.usage.usage(), tuple[Block, ...]()
    try:
        stop, text = _stop(message, request), "".join(block.text or "" for block in message.content)
        blocks = tuple(_block(block, message.model, request) for block in message.content)
        _check(stop, text, blocks, message.model)
        parsed = parse(text, request.output) if request.output is not None and stop in ENDS else None
    except ModelError as error:
        error.usage, error.limits, error.blocks = usage, around.limits, blocks
        raise
    return Reply(
        text=text,
        parsed=parsed,
        blocks=blocks,
        stop=stop,
        model=message.model,
        usage=usage,
        **around._asdict(),
    )


def _block(block: WireBlock, model: str, request: Request) -> Block:
    if block.type == "text" and block.text is not None:
        return Opaque(body=block.body) if block.body.get("citations") else Text(text=block.text)
    if block.type == "tool_use" and request.tools:
        told = {name: _finite(block.body.get(name)) for name in ("id", "name", "input")}
        try:
            return ToolCall.model_validate(told)
        except ValidationError:
            raise ModelFaulty(f"{model}: a tool call of an unknown shape: {block.body!r:.200}") from None
    if block.type in SILENT or block.type.endswith(SERVERS):
        return Opaque(body=block.body)
    raise ModelFaulty(f"{model}: unexpected content block of type {block.type!r:.60}")


def _finite(value: Any) -> Any:
    """None for numbers that JSON does not have, as 1e999 becomes one: they could not be sent back."""
    match value:
        case float():
            return value if isfinite(value) else None
        case dict():
            return {key: _finite(one) for key, one in value.items()}
        case list():
            return [_finite(one) for one in value]
        case _:
            return value


def _stop(message: WholeMessage, request: Request) -> StopReason:
    match message.stop_reason:
        case "refusal":
            raise AnswerRefused(_refusal(message))
        case "model_context_window_exceeded":
            raise ContextTooLong(
                f"the context of {message.model} was full after {message.usage.input_tokens} tokens of prompt and "
                f"{message.usage.output_tokens} of answer; shorten the inputs or choose a larger model"
            )
        case "max_tokens" if request.output is not None or request.tools:
            what = "its JSON was complete" if request.output is not None else "its turn was"
            raise AnswerCutOff(
                f"the answer of {message.model} reached its {request.max_tokens} max_tokens before {what}; "
                "raise max_tokens of the item"
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


def _check(stop: StopReason, text: str, blocks: tuple[Block, ...], model: str) -> None:
    calls = any(isinstance(block, ToolCall) for block in blocks)
    if calls is not (stop is StopReason.TOOL_USE):
        told = "without a call of a tool" if not calls else "with calls of tools"
        raise ModelFaulty(f"{model}: a message that stopped for {stop.value} came {told}")
    if text.strip() or stop not in ENDS:
        return
    if stop is StopReason.MAX_TOKENS:
        raise AnswerCutOff(f"{model} spent all of its max_tokens before the answer began; raise max_tokens of the item")
    raise AnswerInvalid(f"the answer of {model} is empty")

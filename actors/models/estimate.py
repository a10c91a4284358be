"""What a call may use, told before it is made: an upper bound where texts are of the usual kind."""

import json
from math import ceil

from actors.models.blocks import Block, Opaque, Text, ToolCall, ToolResult
from actors.models.caching import is_long_enough, marks_beginning, marks_end, marks_shared
from actors.models.port import Request
from actors.models.pricing import cost_usd
from actors.work import Reservation, Usage

CHARACTERS_PER_TOKEN = 3.5
"""Fewer than English prose has with the tokenizers of 2026, so that the estimate is mostly too high."""


def most(request: Request) -> Reservation:
    """What the call may cost."""
    is_kept = marks_beginning(request) or marks_shared(request) or marks_end(request)
    return reservation(request.model, characters(request), request.max_tokens, is_kept=is_kept)


def bound(model: str, characters: int, max_tokens: int) -> Reservation:
    """What a call may cost of whose prompt only the length is known: a long one may be kept."""
    return reservation(model, characters, max_tokens, is_kept=is_long_enough(model, characters))


def reservation(model: str, characters: int, max_tokens: int, *, is_kept: bool = False) -> Reservation:
    """What a call with so many characters of prompt may cost. One that is kept may all be a dear write to the cache."""
    tokens = ceil(characters / CHARACTERS_PER_TOKEN)
    kept = {"cache_write_tokens": tokens} if is_kept else {"input_tokens": tokens}
    bound = Usage(output_tokens=max_tokens, **kept)
    return Reservation(usd=cost_usd(model, bound), tokens=bound.total)


def characters(request: Request) -> int:
    """Of everything that is sent."""
    sent = len(request.system)
    sent += sum(len(message.text) + sum(map(_size, message.blocks)) for message in request.messages)
    sent += sum(len(tool.name) + len(tool.description) + _json(tool.input) for tool in request.tools)
    return sent if request.output is None else sent + _json(request.output)


def _size(block: Block) -> int:
    match block:
        case Text() | ToolResult():
            return len(block.text)
        case ToolCall():
            return len(block.name) + _json(block.input)
        case Opaque():
            return _json(block.body)


def _json(value: object) -> int:
    return len(json.dumps(value, default=dict, ensure_ascii=False))

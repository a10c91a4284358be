"""Messages as server-sent events, in the order and with the fields of the API."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from tests.messages_server.tokens import count

Event = tuple[str, Any]
"""Name and fields. Fields that are no mapping are sent as they are, without a type."""

dumps = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
"""One encoder for all: `json.dumps` with options makes one for every call."""

JSON_PIECE = 12
"""Characters of a tool's arguments in one delta."""


def events(whole: Mapping[str, Any]) -> list[Event]:
    """The events that stream a message: texts word by word, arguments of tools in pieces, usage cumulative."""
    begun = {"output_tokens": 1} if "usage" in whole else {}
    head = {**whole, "content": [], "stop_reason": None, "stop_details": None}
    if begun:
        head["usage"] = {**whole["usage"], **begun}
    told: list[Event] = [("message_start", {"message": head}), ("ping", {})]
    for index, block in enumerate(whole["content"] or []):
        told.append(("content_block_start", {"index": index, "content_block": _empty(block)}))
        told += (("content_block_delta", {"index": index, "delta": delta}) for delta in _deltas(block))
        told.append(("content_block_stop", {"index": index}))
    end = {name: whole.get(name) for name in ("stop_reason", "stop_sequence", "stop_details")}
    told.append(("message_delta", {"delta": end, **({"usage": whole["usage"]} if begun else {})}))
    return [*told, ("message_stop", {})]


def _empty(block: Mapping[str, Any]) -> dict[str, Any]:
    match block.get("type"):
        case "text":
            return {**block, "text": ""}
        case "thinking":
            return {**block, "thinking": "", "signature": ""}
        case "tool_use":
            return {**block, "input": {}}
    return dict(block)


def _deltas(block: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    match block.get("type"):
        case "text":
            yield from ({"type": "text_delta", "text": word} for word in words(block.get("text") or ""))
        case "thinking":
            yield from ({"type": "thinking_delta", "thinking": word} for word in words(block["thinking"]))
            yield {"type": "signature_delta", "signature": block["signature"]}
        case "tool_use":
            arguments = dumps(block["input"])
            pieces = (arguments[at : at + JSON_PIECE] for at in range(0, len(arguments), JSON_PIECE))
            yield from ({"type": "input_json_delta", "partial_json": piece} for piece in ("", *pieces))


def words(text: str) -> list[str]:
    """The text in pieces that each hold one word."""
    return re.findall(r"\s*\S+\s*|\s+\Z", text)


def encode(event: Event | bytes) -> bytes:
    """One event on the wire; raw bytes are sent as they are."""
    if isinstance(event, bytes):
        return event
    name, fields = event
    data = {"type": name, **fields} if isinstance(fields, dict) else fields
    return f"event: {name}\ndata: {dumps(data)}\n\n".encode()


def tokens(event: Event | bytes) -> int:
    """Tokens that this event brings."""
    if isinstance(event, bytes) or event[0] != "content_block_delta":
        return 0
    fields = event[1]
    delta = fields["delta"]
    return sum(count(delta.get(part) or "") for part in ("text", "thinking", "partial_json"))

"""Messages as the API writes them."""

from collections.abc import Mapping
from typing import Any

USAGE = {"input_tokens": 11, "output_tokens": 7, "cache_creation_input_tokens": 3, "cache_read_input_tokens": 5}
"""What every answer costs unless tokens are counted."""

HELLO = "Hello from the server."


def message(text: str = HELLO, **fields: Any) -> dict[str, Any]:
    """A whole message; `fields` replace or add, and a field that is `...` is left out."""
    whole = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude-sonnet-5-5",
        "content": [text_block(text)],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "stop_details": None,
        "usage": USAGE,
        **fields,
    }
    return {name: value for name, value in whole.items() if value is not ...}


def text_block(text: str) -> dict[str, Any]:
    """A piece of the answer."""
    return {"type": "text", "text": text, "citations": None}


def thinking(text: str = "Let me see.", signature: str = "EqQBCkgI") -> dict[str, Any]:
    """What the model thought; the API may leave its text empty."""
    return {"type": "thinking", "thinking": text, "signature": signature}


def tool_use(name: str, arguments: Mapping[str, Any], call: str = "toolu_1") -> dict[str, Any]:
    """The wish to have a tool called."""
    return {"type": "tool_use", "id": call, "name": name, "input": dict(arguments), "caller": {"type": "direct"}}


def usage(read: int, written: int, fresh: int, output: int) -> dict[str, Any]:
    """What a call costs in tokens: all of its input is read + written + fresh."""
    return {
        "input_tokens": fresh,
        "cache_creation_input_tokens": written,
        "cache_read_input_tokens": read,
        "cache_creation": {"ephemeral_5m_input_tokens": written, "ephemeral_1h_input_tokens": 0},
        "output_tokens": output,
        "service_tier": "standard",
        "inference_geo": "global",
    }


def error(kind: str | None, text: str, code: str | None = None, request_id: str = "req_1") -> dict[str, Any]:
    """A complaint of the API."""
    told: dict[str, Any] = {"type": kind, "message": text}
    if code is not None:
        told["details"] = {"error_code": code}
    return {"type": "error", "error": told, "request_id": request_id}

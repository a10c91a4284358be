"""A server that has the key and gives it back wherever an answer has room for a text of somebody else's."""

import base64
import json
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

from tests.messages_server import Exchange, Turn, fails, message, resets, says
from tests.messages_server.exchange import ITEM

Echo = Callable[[str], Turn]
"""A turn for a key."""


def _with_headers(turn: Turn, **headers: str) -> Turn:
    async def told(exchange: Exchange) -> None:
        exchange.wire.headers |= {name.replace("_", "-"): value for name, value in headers.items()}
        await turn(exchange)

    return told


def _shaped(**fields: Any) -> Turn:
    return says(json.dumps(message("a whole answer", **fields)))


def _spelt(key: str) -> str:
    data = key.encode()
    forms = quote(key, safe=""), quote(key), json.dumps(key), repr(key), data.hex(), base64.b64encode(data).decode()
    return " ".join([*forms, base64.urlsafe_b64encode(b"u:" + data).decode()])


ECHOES: Mapping[str, Echo] = {
    "bad-request": lambda key: fails(400, "invalid_request_error", f"no: {key}"),
    "spelt": lambda key: fails(400, "invalid_request_error", _spelt(key)),
    "late-in-the-text": lambda key: fails(400, "invalid_request_error", "x" * 280 + f" {key}"),
    "type": lambda key: fails(400, key, "told"),
    "code": lambda key: fails(400, "invalid_request_error", "told", key),
    "missing": lambda key: fails(404, "not_found_error", f"model: {key}"),
    "text": lambda key: says(f"upstream got Authorization: Bearer {key}", 400, "text/plain"),
    "html": lambda key: says(f"<html><h1>502</h1><pre>{key}</pre>", 502, "text/html"),
    "no-json": lambda key: says(f'{{"id": {key}'),
    "server-error": lambda key: fails(500, "api_error", f"Traceback: headers={{'authorization': 'Bearer {key}'}}"),
    "headers": lambda key: _with_headers(
        fails(400, "invalid_request_error", "told"), request_id=key, retry_after=key, x_debug=key
    ),
    "limit": lambda key: _with_headers(
        fails(429, "rate_limit_error", f"slow down, {key}"), retry_after="0", anthropic_ratelimit_requests_limit=key
    ),
    "overload": lambda key: fails(529, "overloaded_error", key),
    "redirect": lambda key: _with_headers(says(f"see {key}", 302), location=f"http://x/?key={quote(key)}"),
    "bad-header": lambda key: _with_headers(says("{}"), x_debug=f"a\r\nno header {key}\r\n: {key}"),
    "bad-length": lambda key: _with_headers(says("{}"), content_length=f"12{key}"),
    "bad-encoding": lambda key: _with_headers(says(key), content_encoding="gzip"),
    "broken-body": lambda key: resets(f'{{"text": "{key}'.encode()),
    "stop-reason": lambda key: _shaped(stop_reason=key),
    "role": lambda key: _shaped(role=key),
    "model": lambda key: _shaped(model=key),
    "refusal": lambda key: _shaped(stop_reason="refusal", stop_details={"category": key, "explanation": key}),
    "usage": lambda key: _shaped(usage={"input_tokens": key, "output_tokens": 1}),
}
"""By the tag of the item that gets it."""


def echoing(default: Turn) -> Turn:
    """Each item of ECHOES gets its echo once, then, as everybody else, the default."""
    played = set[str]()

    async def turn(exchange: Exchange) -> None:
        tags = ITEM.findall(exchange.call.prompt)[:1]
        tag = tags[0] if tags else ""
        key = exchange.call.headers["authorization"].removeprefix("Bearer ")
        if tag in ECHOES and tag not in played:
            played.add(tag)
            await ECHOES[tag](key)(exchange)
        else:
            await default(exchange)

    return turn

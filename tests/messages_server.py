"""A small Messages API on loopback for the real SDK: what it answers and how it fails is said request by request.

async with MessagesServer() as server:
    server.then(fails(529, "overloaded_error"), answers("hello"))
    ClaudeModel(lambda: KEY, ModelSettings(base_url=server.base_url))

`with serving() as server:` runs it in a thread of its own, for tests that start other processes.
"""

import asyncio
import json
import re
import threading
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple, Self

from aiohttp import web

KEY = "sk-ant-api03-CANARY-do-not-show-0123456789"
"""A key that only tests know."""

ITEM = re.compile(r"\[item:([^\]\s]+)\]")
"""A prompt that holds this tag is counted under it."""

USAGE = {"input_tokens": 11, "output_tokens": 7, "cache_creation_input_tokens": 3, "cache_read_input_tokens": 5}


class Call(NamedTuple):
    """One request as it came."""

    headers: Mapping[str, str]
    body: dict[str, Any]


Turn = Callable[[web.Request, dict[str, Any]], Awaitable[web.StreamResponse]]
"""What happens to one request."""


class MessagesServer:
    """Takes `Authorization: Bearer <key>`; refuses other keys with 401. Says `default` when no turn is planned."""

    def __init__(self, key: str = KEY) -> None:
        self.key, self.base_url = key, ""
        self.calls: list[Call] = []
        self.items = Counter[str]()
        self.default: Turn = answers()
        self._turns: list[Turn] = []

    def then(self, *turns: Turn) -> Self:
        """Plan the next requests, in this order."""
        self._turns.extend(turns)
        return self

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=64 << 20)
        app.router.add_post("/v1/messages", self._handle)
        self._runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.base_url = f"http://{host}:{port}"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        body = json.loads(await request.text())
        self.calls.append(Call(dict(request.headers), body))
        self.items.update(ITEM.findall(json.dumps(body["messages"], ensure_ascii=False))[:1])
        if request.headers.get("Authorization") != f"Bearer {self.key}":
            shown = request.headers.get("Authorization", "none")
            return await fails(401, "authentication_error", f"invalid credentials: {shown}")(request, body)
        return await (self._turns.pop(0) if self._turns else self.default)(request, body)


@contextmanager
def serving(server: MessagesServer | None = None) -> Iterator[MessagesServer]:
    """The server in a thread of its own."""
    server = server or MessagesServer()
    up, loop = threading.Event(), asyncio.new_event_loop()
    done = asyncio.Event()

    async def serve() -> None:
        async with server:
            up.set()
            await done.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),), name="messages-server")
    thread.start()
    try:
        assert up.wait(10), "the server did not start"
        yield server
    finally:
        loop.call_soon_threadsafe(done.set)
        thread.join(10)
        loop.close()


def message(text: str = "Hello from the server.", **fields: Any) -> dict[str, Any]:
    """A whole message; `fields` replace or add, and a field that is `...` is left out."""
    whole = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude-sonnet-5-5",
        "content": [{"type": "text", "text": text}],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": USAGE,
        **fields,
    }
    return {name: value for name, value in whole.items() if value is not ...}


def answers(text: str = "Hello from the server.", **fields: Any) -> Turn:
    """A whole message, streamed if the request asks for that."""
    whole = message(text, **fields)

    async def turn(request: web.Request, body: dict[str, Any]) -> web.StreamResponse:
        if body.get("stream"):
            return await streams(*events(whole))(request, body)
        return web.json_response({**whole, "model": body["model"]}, headers={"request-id": "req_1"})

    return turn


def events(whole: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """The events that stream a message, its texts word by word."""
    begun = {**whole, "content": [], "stop_reason": None, "usage": {**USAGE, "output_tokens": 1}}
    told: list[tuple[str, Any]] = [("message_start", {"message": begun}), ("ping", {})]
    for index, block in enumerate(whole["content"]):
        empty = {**block, "text": ""} if block["type"] == "text" else block
        told.append(("content_block_start", {"index": index, "content_block": empty}))
        for word in re.findall(r"\s*\S+\s*", block["text"]) if block["type"] == "text" else []:
            told.append(("content_block_delta", {"index": index, "delta": {"type": "text_delta", "text": word}}))
        told.append(("content_block_stop", {"index": index}))
    end = {name: whole.get(name) for name in ("stop_reason", "stop_details")}
    told.append(("message_delta", {"delta": end, "usage": {"output_tokens": whole["usage"]["output_tokens"]}}))
    return [*told, ("message_stop", {})]


def streams(*told: tuple[str, Any] | bytes, then: str = "end", every_s: float = 0.0) -> Turn:
    """These events or raw bytes; `then` the body ends (end), the connection breaks (reset) or nothing comes (hang)."""

    async def turn(request: web.Request, body: dict[str, Any]) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "request-id": "req_1"})
        await response.prepare(request)
        for event in told:
            data = event if isinstance(event, bytes) else _event(*event)
            await response.write(data)
            await asyncio.sleep(every_s)
        if then == "reset":
            _reset(request)
        elif then == "hang":
            await asyncio.Event().wait()
        return response

    return turn


def _event(name: str, fields: Any) -> bytes:
    data = {"type": name, **fields} if isinstance(fields, dict) else fields
    return f"event: {name}\ndata: {json.dumps(data)}\n\n".encode()


def drips(data: bytes, every_s: float = 0.02) -> Turn:
    """The same bytes again and again, for ever."""

    async def turn(request: web.Request, body: dict[str, Any]) -> web.StreamResponse:
        kind = "text/event-stream" if body.get("stream") else "application/json"
        response = web.StreamResponse(headers={"Content-Type": kind})
        await response.prepare(request)
        while True:
            await response.write(data)
            await asyncio.sleep(every_s)

    return turn


def fails(
    status: int, kind: str | None, text: str = "told so", code: str | None = None, headers: dict[str, str] | None = None
) -> Turn:
    """An error as the API tells it."""
    error: dict[str, Any] = {"type": kind, "message": text}
    if code is not None:
        error["details"] = {"error_code": code}
    told = {"type": "error", "error": error, "request_id": "req_1"}

    async def turn(request: web.Request, body: dict[str, Any]) -> web.StreamResponse:
        return web.json_response(told, status=status, headers={"request-id": "req_1", **(headers or {})})

    return turn


def says(body: str | bytes, status: int = 200, kind: str = "application/json") -> Turn:
    """Any body at all."""
    data = body.encode() if isinstance(body, str) else body

    async def turn(request: web.Request, _: dict[str, Any]) -> web.StreamResponse:
        return web.Response(body=data, status=status, content_type=kind)

    return turn


def hangs() -> Turn:
    """No answer."""

    async def turn(request: web.Request, body: dict[str, Any]) -> web.StreamResponse:
        await asyncio.Event().wait()
        raise AssertionError("unreachable")

    return turn


def resets(after: bytes = b"") -> Turn:
    """The connection breaks, before the answer or after these bytes of its body."""

    async def turn(request: web.Request, body: dict[str, Any]) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "1000"})
        if after:
            await response.prepare(request)
            await response.write(after)
        _reset(request)
        return response

    return turn


def _reset(request: web.Request) -> None:
    assert request.transport is not None
    request.transport.abort()

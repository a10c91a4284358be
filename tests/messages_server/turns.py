"""What can happen to one call: an answer, a complaint, anything else with a body, or a connection that goes wrong."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any

from tests.messages_server import buckets, messages, stream
from tests.messages_server.exchange import Exchange, Turn

JSON = {"content-type": "application/json"}
EVENTS = {"content-type": "text/event-stream; charset=utf-8", "cache-control": "no-cache"}


class Answer:
    """A whole message, streamed if the call asks for that; metered, late as the server is, refused over its limits."""

    def __init__(self, whole: dict[str, Any]) -> None:
        self._whole = whole

    async def __call__(self, exchange: Exchange) -> None:
        """See Turn."""
        call, account, model = exchange.call, exchange.account, exchange.call.body["model"]
        whole, split = account.meter(call, {**self._whole, "model": model})
        told = whole.get("usage") or {}
        short = account.admit(model, told)
        exchange.wire.headers |= account.headers(model)
        if short:
            headers = {"retry-after": buckets.retry_after(short), "x-should-retry": "true"}
            await fails(429, "rate_limit_error", buckets.refusal(short, model), headers=headers)(exchange)
            return
        per_token_s = exchange.latency.per_output_token_s
        written_s = 0.0 if call.is_streamed else per_token_s * told.get("output_tokens", 0)
        await pause(exchange.latency.first_s(call.number) + written_s)
        account.bill(model, told, split)
        exchange.wire.headers |= account.headers(model)
        if call.is_streamed:
            await streams(*stream.events(whole), per_token_s=per_token_s)(exchange)
        else:
            await exchange.wire.send(200, stream.dumps(whole).encode())


def answers(text: str = messages.HELLO, **fields: Any) -> Turn:
    """A whole message, streamed if the call asks for that; `fields` as in `message`."""
    return Answer(messages.message(text, **fields))


def fails(
    status: int, kind: str | None, text: str = "told so", code: str | None = None, headers: dict[str, str] | None = None
) -> Turn:
    """An error as the API tells it."""

    async def turn(exchange: Exchange) -> None:
        told = messages.error(kind, text, code, exchange.wire.headers["request-id"])
        await exchange.wire.send(status, json.dumps(told).encode(), headers)

    return turn


def says(body: str | bytes, status: int = 200, kind: str = "application/json") -> Turn:
    """Any body at all."""
    data = body.encode() if isinstance(body, str) else body

    async def turn(exchange: Exchange) -> None:
        await exchange.wire.send(status, data, {"content-type": kind})

    return turn


def streams(
    *told: stream.Event | bytes,
    then: str = "end",
    every_s: float = 0.0,
    per_token_s: float = 0.0,
    headers: Mapping[str, str] = EVENTS,
) -> Turn:
    """These events or raw bytes; `then` the body ends, or as said: `reset`, `close` (the connection), `hang`."""

    async def turn(exchange: Exchange) -> None:
        await exchange.wire.begin(200, headers)
        if every_s or per_token_s:
            for event in told:
                await exchange.wire.write(stream.encode(event))
                await pause(every_s + per_token_s * stream.tokens(event))
        else:  # in one piece, which costs a fraction
            await exchange.wire.write(b"".join(map(stream.encode, told)))
        match then:
            case "reset" | "close":
                # What was written has to leave first: a reset drops what it finds unsent.
                await asyncio.sleep(BREAK_S)
                exchange.wire.reset() if then == "reset" else exchange.wire.close()
            case "hang":
                await asyncio.Event().wait()
            case _:
                exchange.wire.end()

    return turn


BREAK_S = 0.02
"""Between the last byte and the end of a connection, so that the client has read what was sent."""


def drips(data: bytes, every_s: float = 0.02, begin: bytes = b"") -> Turn:
    """The same bytes again and again, for ever, after `begin`."""

    async def turn(exchange: Exchange) -> None:
        await exchange.wire.begin(200, EVENTS if exchange.call.is_streamed else JSON)
        await exchange.wire.write(begin)
        while True:
            await exchange.wire.write(data)
            await asyncio.sleep(every_s)

    return turn


def hangs() -> Turn:
    """No answer."""

    async def turn(exchange: Exchange) -> None:
        await asyncio.Event().wait()

    return turn


def resets(after: bytes = b"", how: str = "reset") -> Turn:
    """The connection breaks (reset: RST, close: FIN), before the answer or after these bytes of a longer body."""

    async def turn(exchange: Exchange) -> None:
        if after:
            await exchange.wire.begin(200, JSON, length=1000)
            await exchange.wire.write(after)
            await asyncio.sleep(BREAK_S)
        exchange.wire.reset() if how == "reset" else exchange.wire.close()

    return turn


def late(turn: Turn, seconds: float) -> Turn:
    """The same, so late."""

    async def waited(exchange: Exchange) -> None:
        await asyncio.sleep(seconds)
        await turn(exchange)

    return waited


async def pause(seconds: float) -> None:
    """Sleep, if there is anything to wait for."""
    if seconds > 0:
        await asyncio.sleep(seconds)

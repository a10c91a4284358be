"""The way to a server that speaks streamable HTTP: no answer without an end."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
from mcp.client.streamable_http import streamable_http_client

from actors.tools.mcp.config import McpServer
from actors.tools.mcp.stdio import MESSAGE_BYTES
from actors.vocabulary.characters import whole_json


class _Capped(httpx2.AsyncByteStream):
    def __init__(self, stream: httpx2.AsyncByteStream) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        size = 0
        async for part in self._stream:
            size += len(part)
            if size > MESSAGE_BYTES:
                raise httpx2.ReadError(f"the server's answer is longer than {MESSAGE_BYTES} bytes")
            yield part

    async def aclose(self) -> None:
        await self._stream.aclose()


class _Whole(_Capped):
    """Without half characters; line by line, so that each is seen however its bytes come."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        held = bytearray()
        async for part in super().__aiter__():
            held += part
            if end := max(part.rfind(b"\n"), part.rfind(b"\r")) + 1:
                cut = len(held) - len(part) + end
                yield _whole(held[:cut])
                del held[:cut]
        if held:
            yield _whole(held)


class _CappedTransport(httpx2.AsyncHTTPTransport):
    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        response = await super().handle_async_request(request)
        assert isinstance(response.stream, httpx2.AsyncByteStream)
        is_plain = "content-encoding" not in response.headers
        response.stream = (_Whole if is_plain else _Capped)(response.stream)
        return response


def _whole(lines: bytearray) -> bytes:
    return whole_json(lines.decode(errors="replace")).encode()


@asynccontextmanager
async def web(server: McpServer) -> AsyncIterator[Any]:
    """Streams of messages from and to the server. See mcp.client.Transport."""
    assert server.url is not None
    timeout = httpx2.Timeout(server.start_s, read=server.timeout_s + 5)
    headers = {"accept-encoding": "identity", **server.headers}  # see _Whole
    async with (
        httpx2.AsyncClient(transport=_CappedTransport(), headers=headers, timeout=timeout) as client,
        streamable_http_client(server.url, http_client=client, max_sse_event_size=MESSAGE_BYTES) as streams,
    ):
        yield streams

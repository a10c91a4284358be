"""HTTP/1.1 on one connection: requests in their order; answers whole, in pieces, or broken off on purpose.

An own protocol and no framework: a framework keeps an answer from going wrong. It costs as much per request as one of
aiohttp (about 0.1 ms of CPU with everything that is counted); `python -m tests.messages_server --bench` measures it.
"""

import asyncio
import socket
import struct
import traceback
from collections.abc import Awaitable, Callable, Mapping
from email.utils import formatdate
from http import HTTPStatus
from typing import Any, NamedTuple

from multidict import CIMultiDict

LARGEST = 32 << 20
"""Bytes of a request's body; the API refuses more with 413."""

PHRASES = {status.value: status.phrase for status in HTTPStatus} | {499: "Client Closed Request", 529: "Overloaded"}
RESET = struct.pack("ii", 1, 0)
"""SO_LINGER on and zero: the kernel sends RST and drops what is unsent."""


class Incoming(NamedTuple):
    """One request as it came."""

    method: str
    path: str
    headers: Mapping[str, str]
    """Names in any case."""
    body: bytes


class Unreadable(Exception):
    """What came is no request that this server reads; the argument is the status to refuse it with."""


Handle = Callable[["Wire"], Awaitable[None]]
"""Answers one request."""


class Wire:
    """The way back for one request. `headers` go out with every answer; `on_status` hears it before the first byte."""

    def __init__(self, connection: "Connection", incoming: Incoming) -> None:
        self._connection, self.incoming = connection, incoming
        self.headers: dict[str, str] = {}
        self.on_status: Callable[[int], None] = lambda _: None
        self.status: int | None = None
        self.ended = False
        self._chunked = False

    async def send(self, status: int, body: bytes, headers: Mapping[str, str] | None = None) -> None:
        """A whole answer."""
        told = {"content-type": "application/json", **(headers or {}), "content-length": str(len(body))}
        self._connection.send(self._head(status, told) + body)
        self.ended = True
        await self._connection.drained()

    async def begin(self, status: int, headers: Mapping[str, str] | None = None, length: int | None = None) -> None:
        """The head of an answer that comes in pieces: `length` bytes, if it is said, else in chunks."""
        self._chunked = length is None
        framing = {"transfer-encoding": "chunked"} if length is None else {"content-length": str(length)}
        self._connection.send(self._head(status, {**(headers or {}), **framing}))
        await self._connection.drained()

    async def write(self, data: bytes) -> None:
        """A piece."""
        if data:
            self._connection.send(b"%x\r\n%b\r\n" % (len(data), data) if self._chunked else data)
            await self._connection.drained()

    def end(self) -> None:
        """The answer in pieces is whole."""
        self._connection.send(b"0\r\n\r\n" if self._chunked else b"")
        self.ended = True

    def reset(self) -> None:
        """Break the connection with RST; what was sent may not arrive."""
        self._connection.reset()

    def close(self) -> None:
        """End the connection in order (FIN), in the middle of whatever was said."""
        self._connection.close()

    def _head(self, status: int, headers: Mapping[str, str]) -> bytes:
        self.status = status
        self.on_status(status)
        lines = [f"HTTP/1.1 {status} {PHRASES.get(status, 'Unknown')}"]
        told = {"date": formatdate(usegmt=True), **self.headers, **headers}
        lines += [f"{name}: {value}" for name, value in told.items()]
        return "\r\n".join([*lines, "", ""]).encode("latin-1")


class Connection(asyncio.Protocol):
    """Reads one request after the other and has each answered before the next."""

    def __init__(self, handle: Handle, alive: "set[Connection]", errors: list[Exception]) -> None:
        self._handle, self._alive, self._errors = handle, alive, errors
        self._buffer = bytearray()
        self._task: asyncio.Task[None] | None = None
        self._writable = asyncio.Event()
        self._writable.set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See asyncio.Protocol."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._alive.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Whatever was being answered is dropped."""
        self._alive.discard(self)
        if self._task is not None:
            self._task.cancel()

    def pause_writing(self) -> None:
        """See asyncio.Protocol."""
        self._writable.clear()

    def resume_writing(self) -> None:
        """See asyncio.Protocol."""
        self._writable.set()

    def data_received(self, data: bytes) -> None:
        """See asyncio.Protocol."""
        self._buffer += data
        if self._task is None:
            self._next()

    def send(self, data: bytes) -> None:
        """To the client, or nowhere if it is gone."""
        if data and not self._transport.is_closing():
            self._transport.write(data)

    async def drained(self) -> None:
        """The client has room for more."""
        await self._writable.wait()

    def close(self) -> None:
        """FIN, after what was sent."""
        self._transport.close()

    def reset(self) -> None:
        """RST."""
        raw: Any = self._transport.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        self._transport.abort()

    async def ended(self) -> None:
        """Break off and wait until nothing of it runs."""
        task = self._task
        self._transport.abort()
        if task is not None:
            task.cancel()
            await asyncio.wait([task])

    def _next(self) -> None:
        try:
            incoming = take(self._buffer)
        except Unreadable as error:
            self.send(f"HTTP/1.1 {error} Unreadable\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".encode())
            self.close()
            return
        if incoming is not None:
            self._task = asyncio.get_running_loop().create_task(self._answer(Wire(self, incoming)))

    async def _answer(self, wire: Wire) -> None:
        try:
            await self._handle(wire)
        except Exception as error:
            self._errors.append(error)
            if wire.status is None:
                await wire.send(500, traceback.format_exc().encode(), {"content-type": "text/plain"})
        self._task = None
        if not wire.ended or wire.incoming.headers.get("connection", "").lower() == "close":
            self.close()
        elif not self._transport.is_closing():
            self._next()


def take(buffer: bytearray) -> Incoming | None:
    """The first request in the buffer, taken out of it; None while it is not whole."""
    end = buffer.find(b"\r\n\r\n")
    if end < 0:
        if len(buffer) > 1 << 16:
            raise Unreadable(431)
        return None
    first, *lines = buffer[:end].decode("latin-1").split("\r\n")
    headers = CIMultiDict(_header(line) for line in lines)
    length = _length(headers)
    start = end + 4
    if len(buffer) < start + length:
        return None
    body = bytes(buffer[start : start + length])
    del buffer[: start + length]
    method, _, rest = first.partition(" ")
    return Incoming(method, rest.partition(" ")[0], headers, body)


def _header(line: str) -> tuple[str, str]:
    name, colon, value = line.partition(":")
    if not colon:
        raise Unreadable(400)
    return name, value.strip()


def _length(headers: Mapping[str, str]) -> int:
    if "transfer-encoding" in headers:
        raise Unreadable(411)
    told = headers.get("content-length", "0")
    if not told.isdecimal():
        raise Unreadable(400)
    if int(told) > LARGEST:
        raise Unreadable(413)
    return int(told)

"""The way to a server that is a program: one message a line, and no line without an end."""

import asyncio
import os
import pwd
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from mcp.shared.message import SessionMessage
from mcp.types import jsonrpc_message_adapter

from actors.tools.launch import Confines, Launched, launched
from actors.tools.mcp.config import McpServer
from actors.vocabulary.characters import whole_json

MESSAGE_BYTES = 32 * 2**20
"""Longest message; a server that says more in one is ended."""
GRACE_S = 2.0
LAST_BYTES = 2000
"""Of what it wrote to stderr, for its obituary."""

Messages = MemoryObjectReceiveStream[SessionMessage | Exception]
Sent = MemoryObjectSendStream[SessionMessage]


class Obituary:
    """What a server said last on stderr."""

    def __init__(self) -> None:
        self.text = ""

    async def follow(self, stream: asyncio.StreamReader) -> None:
        """Read it to its end."""
        while part := await stream.read(65536):
            self.text = (self.text + part.decode(errors="replace"))[-LAST_BYTES:]


@asynccontextmanager
async def stdio(server: McpServer, confines: Confines, last: Obituary) -> AsyncIterator[tuple[Messages, Sent]]:
    """Streams of messages from and to a server of its own, which ends with this. See mcp.client.Transport."""
    assert server.command is not None
    environment = {"HOME": pwd.getpwuid(os.getuid()).pw_dir, **server.env}
    argv = (server.command, *server.args)
    async with launched(argv, confines, environment, pipes=True, limit=MESSAGE_BYTES) as running:
        came, messages = anyio.create_memory_object_stream[SessionMessage | Exception](0)
        sent, to_send = anyio.create_memory_object_stream[SessionMessage](0)
        assert running.process.stderr
        async with came, messages, sent, to_send, asyncio.TaskGroup() as tasks:
            ways = [
                tasks.create_task(_read(running, came, last)),
                tasks.create_task(_write(running, to_send)),
                tasks.create_task(last.follow(running.process.stderr)),
            ]
            try:
                yield messages, sent
            finally:
                for way in ways:
                    way.cancel()
                await _let_go(running)


async def _let_go(running: Launched) -> None:
    """No more input is how a server is told to end; it may put away what it has."""
    assert running.process.stdin
    running.process.stdin.close()
    with suppress(TimeoutError):
        async with asyncio.timeout(GRACE_S):
            await running.gone()


async def _read(running: Launched, came: MemoryObjectSendStream[SessionMessage | Exception], last: Obituary) -> None:
    """Closes its side when the server says no more, or too much at once."""
    assert running.process.stdout
    async with came:
        try:
            while line := await running.process.stdout.readline():
                if line.strip():
                    await came.send(_message(line))
        except ValueError:  # of readline
            last.text += f"(a message of more than {MESSAGE_BYTES} bytes)"
        except anyio.BrokenResourceError:  # nobody listens any more
            pass
    running.end()


def _message(line: bytes) -> SessionMessage | Exception:
    try:
        # Half a character is common: many a program cuts its texts. No call waits in vain for such a message.
        said = whole_json(line.decode(errors="replace"))
        return SessionMessage(jsonrpc_message_adapter.validate_json(said, by_name=False))
    except ValueError as error:
        return error


async def _write(running: Launched, to_send: MemoryObjectReceiveStream[SessionMessage]) -> None:
    assert running.process.stdin
    with suppress(OSError):  # it is gone, which _read notices
        async for message in to_send:
            text = message.message.model_dump_json(by_alias=True, exclude_unset=True)
            running.process.stdin.write(text.encode() + b"\n")
            await running.process.stdin.drain()

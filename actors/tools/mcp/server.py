"""One MCP server during one attempt: started, asked, started anew once if it dies, and ended with the attempt."""

import asyncio
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import replace
from typing import Any, cast

from mcp import Client, MCPError
from mcp.types import (
    CONNECTION_CLOSED,
    CallToolRequest,
    CallToolRequestParams,
    CallToolResult,
    Implementation,
    PaginatedRequestParams,
    RequestParamsMeta,
    Tool,
)

from actors.errors import ToolFailed, ToolsUnavailable
from actors.machine.limit import Limit
from actors.tools.launch import Confines
from actors.tools.mcp.config import McpServer
from actors.tools.mcp.stdio import Obituary, stdio
from actors.tools.mcp.web import web

STARTS = 2
"""The first, and one more if it dies."""
TOOLS = 128
PAGES = 16
KEY = "mnemosyne/idempotency-key"
"""In the _meta of a call."""
END_S, LEAVE_S = 10.0, 3.0
"""For a program to end, and for a server elsewhere to be told that we go."""

SELF = Implementation(name="mnemosyne", version="1")


class Server:
    """Every failure of the server is a ToolFailed, or ToolsUnavailable while it starts. `close` it."""

    def __init__(self, name: str, config: McpServer, confines: Confines) -> None:
        self.name, self._config, self._confines = name, config, replace(confines, open=True, limits={})
        self._client: Client | None = None
        self._owner: asyncio.Task[None] | None = None
        self._over = asyncio.Event()
        self._starts, self._last = 0, Obituary()
        self._turn = asyncio.Lock()

    async def tools(self) -> list[Tool]:
        """What it offers. Raises ToolsUnavailable."""
        try:
            while True:
                client = await self._up()
                try:
                    async with asyncio.timeout(self._config.start_s):
                        return await self._list(client)
                except MCPError as error:
                    if error.error.code != CONNECTION_CLOSED:
                        raise
                    await self._down()
        except ToolFailed as error:
            raise ToolsUnavailable(str(error)) from None
        except TimeoutError:
            raise ToolsUnavailable(f"{self._who} did not tell its tools within {self._config.start_s:g} s") from None
        except Exception as error:  # of a foreign server through a foreign library
            raise ToolsUnavailable(f"{self._who} does not tell its tools: {_what(error)}") from None

    async def call(self, tool: str, arguments: Mapping[str, Any], key: str) -> CallToolResult:
        """What the tool says. Raises ToolFailed."""
        limit_s = self._config.timeout_s
        params = CallToolRequestParams(name=tool, arguments=dict(arguments), _meta=cast(RequestParamsMeta, {KEY: key}))
        client = await self._up()
        try:
            # Not call_tool: it checks the answer against a schema of the server's, whose patterns may never end.
            async with Limit(asyncio.get_running_loop().time() + limit_s):
                return await client.session.send_request(CallToolRequest(params=params), CallToolResult)
        except TimeoutError:
            raise ToolFailed(
                f"{self._who} did not answer within {limit_s:g} s; the call may have had effects"
            ) from None
        except MCPError as error:
            if error.error.code != CONNECTION_CLOSED:
                raise ToolFailed(f"{self._who} refused the call: {_what(error)}") from None
            await self._down()
            raise ToolFailed(f"{self._who} broke off; the call may have had effects{self._said}") from None
        except Exception as error:  # of a foreign server through a foreign library
            raise ToolFailed(f"{self._who} could not be asked: {_what(error)}") from None

    async def close(self) -> None:
        """End the connection, and the server if it is a program."""
        self._starts = STARTS
        await self._down()

    @property
    def _ends_s(self) -> float:
        return LEAVE_S if self._config.command is None else END_S

    @property
    def _who(self) -> str:
        return f"the MCP server {self.name}"

    @property
    def _said(self) -> str:
        return f"; its last words: {self._last.text.strip()[-500:]!a}" if self._last.text.strip() else ""

    async def _up(self) -> Client:
        async with self._turn:
            if self._client is None:
                if self._starts >= STARTS:
                    raise ToolFailed(f"{self._who} is gone{self._said}")
                self._client = await self._start()
            return self._client

    async def _start(self) -> Client:
        self._starts += 1
        started: asyncio.Future[Client] = asyncio.get_running_loop().create_future()
        self._over = asyncio.Event()
        # Entered and left by one task: that is what the library's cancel scopes want.
        self._owner = asyncio.create_task(self._own(started, self._over))
        try:
            async with asyncio.timeout(self._config.start_s):
                return await started
        except TimeoutError:
            await self._end()
            raise ToolFailed(f"{self._who} did not start within {self._config.start_s:g} s{self._said}") from None
        except BaseException:
            await self._end()
            raise

    async def _own(self, started: "asyncio.Future[Client]", over: asyncio.Event) -> None:
        try:
            client = Client(self._way(), client_info=SELF, cache=None, read_timeout_seconds=self._config.timeout_s + 5)
            async with client:
                started.set_result(client)
                await over.wait()
        except Exception as error:  # of a foreign server through a foreign library
            if not started.done():
                started.set_exception(ToolFailed(f"{self._who} could not be started: {_what(error)}{self._said}"))

    def _way(self) -> AbstractAsyncContextManager[Any]:
        config = self._config
        return web(config) if config.command is None else stdio(config, self._confines, self._last)

    async def _down(self) -> None:
        async with self._turn:
            await self._end()

    async def _end(self) -> None:
        began, self._client = self._client is not None, None
        owner, self._owner = self._owner, None
        self._over.set()
        if owner is not None:
            _, late = await asyncio.wait([owner], timeout=self._ends_s if began else 0)
            for task in late:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task

    async def _list(self, client: Client) -> list[Tool]:
        found: list[Tool] = []
        cursor: str | None = None
        for _ in range(PAGES):
            page = await client.session.list_tools(params=PaginatedRequestParams(cursor=cursor) if cursor else None)
            found += page.tools
            cursor = page.next_cursor
            if cursor is None or len(found) >= TOOLS:
                break
        return found[:TOOLS]


def _what(error: BaseException) -> str:
    """What went wrong, in one visible line; an exception of a group names no cause itself."""
    while isinstance(error, BaseExceptionGroup) and error.exceptions:
        error = error.exceptions[0]
    return ascii(f"{type(error).__name__}: {error}"[:500])

"""The tools that a task is granted, by what its item declares, for as long as an attempt takes."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, nullcontext
from pathlib import Path

from actors.errors import ToolFailed, ToolsUnavailable
from actors.settings import Settings
from actors.stores.protocol import Store
from actors.tools import changes
from actors.tools.asking import AskPerson
from actors.tools.beneath import Beneath
from actors.tools.capability import (
    COMMAND,
    FILES_READ,
    FILES_WRITE,
    IN_WORKSPACE,
    MEMORY_READ,
    MEMORY_WRITE,
    SUBAGENTS,
    servers_of,
)
from actors.tools.command import RunCommand
from actors.tools.files import EditFile, ReadFile, WriteFile
from actors.tools.finding import ListFiles, SearchFiles
from actors.tools.launch import Confines
from actors.tools.mcp import config
from actors.tools.memory import Forget, Recall, Remember
from actors.tools.subagent import SpawnSubagent
from actors.tools.tool import Tool
from actors.tools.toolbox import Toolbox
from actors.tools.workspace import open_workspace
from actors.vocabulary.review import Purpose
from actors.work import Task

NOTHING = Toolbox()


def kept_of(home: Path, task: Task) -> Path:
    """Where the workspace is kept as it was before the task's item began."""
    return home / "runs" / task.run / "before" / f"{task.item.id}.json"


def _keep(home: Path, task: Task, folder: Path) -> None:
    try:
        changes.keep(folder, kept_of(home, task))
    except (OSError, ToolFailed) as error:
        raise ToolsUnavailable(f"the files of the workspace cannot be kept for the review: {error}") from None


def _capabilities(task: Task) -> Sequence[str]:
    """A reviewer looks at the files of an item that could touch them, and changes nothing.

    An item with `expand` asks its run for a list of items and for nothing else: it gives `subagents` to these.
    """
    declared = task.item.tools
    if task.purpose is Purpose.WORK:
        return [one for one in declared if one != SUBAGENTS] if task.item.expand else declared
    touches = task.purpose is Purpose.REVIEW and IN_WORKSPACE.intersection(declared)
    return (FILES_READ,) if touches else ()


class Granted:
    """Opens toolboxes for the agents of one process."""

    def __init__(self, settings: Settings, store: Store) -> None:
        self._store = store
        self._home, self._commands = settings.home.absolute(), settings.commands

    def __call__(self, task: Task) -> AbstractAsyncContextManager[Toolbox]:
        """The task's tools, which end with this. Raises ToolsUnavailable, HomeUnusable, StoreError."""
        declared = _capabilities(task)
        ask = [AskPerson(task.answers)] if task.item.clarify and task.purpose is Purpose.WORK else []
        return self._open(task, declared, ask) if declared else nullcontext(Toolbox(ask) if ask else NOTHING)

    @asynccontextmanager
    async def _open(self, task: Task, declared: Sequence[str], ask: Sequence[Tool]) -> AsyncIterator[Toolbox]:
        folder = await open_workspace(self._home, task, self._store.payloads)
        if task.item.review and task.purpose is Purpose.WORK:
            await asyncio.to_thread(_keep, self._home, task, folder)
        async with AsyncExitStack() as stack:
            foreign = await self._foreign(servers_of(declared), folder, stack)
            memories = await self._memories(declared, task)
            yield Toolbox([*self._own(declared, folder), *memories, *foreign, *ask])

    def _own(self, declared: Sequence[str], folder: Path) -> list[Tool]:
        beneath, tools = Beneath(folder), list[Tool]()
        if FILES_READ in declared:
            tools += [ReadFile(beneath), ListFiles(beneath), SearchFiles(beneath)]
        if FILES_WRITE in declared:
            tools += [WriteFile(beneath), EditFile(beneath)]
        if COMMAND in declared:
            tools.append(RunCommand(Confines(folder, self._home), self._commands))
        if SUBAGENTS in declared:
            tools.append(SpawnSubagent(declared))
        return tools

    async def _memories(self, declared: Sequence[str], task: Task) -> list[Tool]:
        tools: list[Tool] = [Recall(self._store)] if MEMORY_READ in declared else []
        if MEMORY_WRITE in declared:
            plan = (await self._store.run(task.run)).name
            tools += [Remember(self._store, task, plan), Forget(self._store)]
        return tools

    async def _foreign(self, names: Sequence[str], folder: Path, stack: AsyncExitStack) -> list[Tool]:
        if not names:
            return []
        from actors.tools.mcp.server import Server
        from actors.tools.mcp.tools import offered

        known = await asyncio.to_thread(config.servers, self._home)
        servers = []
        for name in names:
            if name not in known:
                raise ToolsUnavailable(f"there is no MCP server {name} in {self._home / config.FILE}")
            server = Server(name, known[name], Confines(folder, self._home))
            stack.push_async_callback(server.close)
            servers.append(server)
        return [tool for tools in await asyncio.gather(*map(offered, servers)) for tool in tools]

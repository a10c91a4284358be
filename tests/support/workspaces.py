"""A workspace with an outside, and tools called as a model would."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from actors.settings import CommandSettings
from actors.tools.beneath import Beneath
from actors.tools.command import RunCommand
from actors.tools.files import EditFile, ReadFile, WriteFile
from actors.tools.finding import ListFiles, SearchFiles
from actors.tools.launch import Confines
from actors.tools.tool import ToolResult
from actors.tools.toolbox import Toolbox

SECRET = "the secret of the outside"


@dataclass
class Workspace:
    """`inside` is the workspace; `outside` lies beside it and holds a secret."""

    inside: Path
    outside: Path
    toolbox: Toolbox

    def call(self, tool: str, **arguments: Any) -> ToolResult:
        return run(self.toolbox.call(tool, arguments, "run/item/1/1"))


def run(call: "Coroutine[Any, Any, ToolResult]") -> ToolResult:
    return asyncio.run(call)


def workspace(folder: Path) -> Workspace:
    inside, outside = folder / "inside", folder / "outside"
    inside.mkdir()
    outside.mkdir()
    (outside / "secret.txt").write_text(SECRET)
    beneath = Beneath(inside)
    tools = (ReadFile, WriteFile, EditFile, ListFiles, SearchFiles)
    return Workspace(inside, outside, Toolbox(tool(beneath) for tool in tools))


Run = Callable[..., ToolResult]
"""A command, settings that are not as usual, other arguments of run_command."""


def toolbox(folder: Path, **settings: Any) -> Toolbox:
    """With run_command, in the workspace of a home in that folder."""
    workspace = folder / "home" / "workspace"
    workspace.mkdir(parents=True, exist_ok=True)
    return Toolbox([RunCommand(Confines(workspace, folder / "home"), CommandSettings(**{"timeout_s": 30, **settings}))])


def runner(folder: Path) -> Run:
    """Runs commands in that toolbox."""

    def call(command: str | list[str], settings: dict[str, Any] | None = None, **more: Any) -> ToolResult:
        box = toolbox(folder, **(settings or {}))
        return run(box.call("run_command", {"command": command, **more}, "run/item/3/1"))

    return call

"""A workspace with an outside, and tools called as a model would."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from actors.tools.beneath import Beneath
from actors.tools.files import EditFile, ReadFile, WriteFile
from actors.tools.finding import ListFiles, SearchFiles
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

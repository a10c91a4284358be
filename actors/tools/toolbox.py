"""The tools of one attempt. A tool that was not granted does not exist here."""

from collections.abc import Iterable, Mapping
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

from actors.context.marked import marked, shortened, visible
from actors.errors import ToolFailed
from actors.secrecy.redaction import redact
from actors.tools.tool import Said, Tool, ToolResult, ToolSpec, Wanted

DATA_LIMIT = 100_000
"""Characters of data in one result."""
NOTE_LIMIT = 10_000
"""A person's answer is one."""


class Toolbox:
    """Calls tools by name: an unknown name, wrong arguments and a tool that failed are results, never exceptions."""

    def __init__(self, tools: Iterable[Tool] = ()) -> None:
        self._tools = {tool.spec.name: tool for tool in tools}

    def specs(self) -> tuple[ToolSpec, ...]:
        """What the model is told, in the order of the tools."""
        return tuple(tool.spec for tool in self._tools.values())

    async def call(self, name: str, arguments: Any, key: str) -> ToolResult:
        """Call a tool; `key` is the call's own, and the same when it is made again."""
        tool = self._tools.get(name)
        if tool is None:
            return _result(name, Said(f"there is no tool {_quoted(name)}; {_known(self._tools)}", error=True))
        if fault := _fault(tool.spec, arguments):
            return _result(name, Said(fault, error=True))
        try:
            return _result(name, await tool.call(arguments, key))
        except ToolFailed as error:
            return _result(name, Said(str(error), error=True))


def _known(tools: Mapping[str, Tool]) -> str:
    return f"the tools are {', '.join(tools)}" if tools else "there are no tools for this item"


def _fault(spec: ToolSpec, arguments: Any) -> str | None:
    """Why the arguments do not fit; None if they do."""
    if not spec.checked:
        return None if isinstance(arguments, Mapping) else "wrong arguments: they are no object"
    error = best_match(Draft202012Validator(spec.parameters).iter_errors(arguments))
    if error is None:
        return None
    where = ".".join(str(part) for part in error.absolute_path)
    return f"wrong arguments{f' at {_quoted(where)}' if where else ''}: {error.message}"


def _quoted(text: str) -> str:
    return ascii(text if len(text) <= 200 else text[:200] + "...")


def _result(name: str, said: Said) -> ToolResult:
    if said.wanted:
        return Wanted(said.data or "")
    note = redact(shortened(visible(said.note), NOTE_LIMIT))
    if said.data is None:
        return ToolResult(note, said.error, said.recalled)
    data = marked("data", shortened(said.data, DATA_LIMIT), tool=name)
    return ToolResult(f"{note}\n{data}" if note else data, said.error, said.recalled)

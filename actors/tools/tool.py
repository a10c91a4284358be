"""One tool: what a model is told of it, and what a call to it says."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from actors.journal.turns import Hit


@dataclass(frozen=True)
class ToolSpec:
    """What a model is told of a tool."""

    name: str
    description: str
    parameters: Mapping[str, Any]
    """JSON schema of the arguments, an object."""
    checked: bool = True
    """Whether arguments are checked against the schema; one of a foreign server may hold a pattern that never ends."""


class Said(NamedTuple):
    """What a tool says of one call."""

    note: str
    """In our words; holds nothing that others wrote but names in quotes."""
    data: str | None = None
    """What others wrote: the content of a file, the output of a command."""
    error: bool = False
    wanted: bool = False
    """The data is what the run is asked for."""
    recalled: tuple[Hit, ...] | None = None
    """The memories that are in the data; None for what does not look for any."""


class ToolResult(NamedTuple):
    """What the model gets of one call: the data in it is marked as such."""

    text: str
    error: bool = False
    recalled: tuple[Hit, ...] | None = None
    """See Said."""


class Wanted(ToolResult):
    """The text is no result but what the run is asked for, as JSON; the result comes once the run has done it."""


class Tool(Protocol):
    """Does one thing. Raises ToolFailed for what the model can do better; all else is a fault of the agent."""

    spec: ToolSpec

    async def call(self, arguments: Mapping[str, Any], key: str, /) -> Said:
        """Do it. The arguments fit the schema.

        `key` is the same when this call is made again after a crash, and no other call's.
        """
        ...


def parameters(required: Mapping[str, Any], optional: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """JSON schema of arguments, from the schema of each."""
    return {
        "type": "object",
        "properties": {**required, **(optional or {})},
        "required": list(required),
        "additionalProperties": False,
    }

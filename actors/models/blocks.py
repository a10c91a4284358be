"""What messages are made of: texts, calls of tools with their results, and what only goes back as it came."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from actors.work import Frozen


class Text(Frozen):
    """Something said."""

    kind: Literal["text"] = "text"
    text: str


class ToolCall(Frozen):
    """The model wants a tool to be run."""

    kind: Literal["tool_call"] = "tool_call"
    id: str
    """The model's; unique within a conversation."""
    name: str
    input: Mapping[str, Any]


class ToolResult(Frozen):
    """What came of a call."""

    kind: Literal["tool_result"] = "tool_result"
    id: str
    """Of the call."""
    text: str
    is_error: bool = False


class Opaque(Frozen):
    """A block that means something to its API alone and is sent back unchanged, as signed thinking is."""

    kind: Literal["opaque"] = "opaque"
    body: Mapping[str, Any]


Block = Annotated[Text | ToolCall | ToolResult | Opaque, Field(discriminator="kind")]


def text_of(blocks: Iterable[Block]) -> str:
    """What people can read of it: texts and results of tools."""
    return "".join(block.text for block in blocks if isinstance(block, Text | ToolResult))


class Tool(Frozen):
    """A tool as a model is told of it."""

    name: Annotated[str, Field(pattern=r"^[a-zA-Z0-9_-]{1,64}$")]
    description: str
    input: Mapping[str, Any]
    """JSON schema of its input, an object."""

"""The model port: one question, one validated answer."""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, Literal, Protocol

from pydantic import Field

from actors.models.blocks import Block, Tool, ToolCall, text_of
from actors.models.limits import RateLimits
from actors.work import Frozen, Usage


class StopReason(StrEnum):
    """Why the model stopped."""

    END = "end"
    MAX_TOKENS = "max_tokens"
    STOP_SEQUENCE = "stop_sequence"
    TOOL_USE = "tool_use"
    """It waits for the results of `tool_calls`."""
    PAUSE = "pause"
    """It goes on once its message is sent back unchanged."""


class Message(Frozen):
    """One turn of the conversation."""

    role: Literal["user", "assistant"]
    text: str = ""
    blocks: tuple[Block, ...] = ()
    """What is said after the text."""

    @property
    def said(self) -> str:
        """All that people can read of it."""
        return self.text + text_of(self.blocks) if self.blocks else self.text


class Request(Frozen):
    """One question to a model."""

    model: str
    messages: tuple[Message, ...]
    system: str = ""
    shared: int = 0
    """Characters of the first message's text that other requests begin with too."""
    max_tokens: int = 4096
    output: Mapping[str, Any] | None = None
    """JSON schema of the answer."""
    tools: tuple[Tool, ...] = ()
    """What the model may call."""
    tag: str = ""
    """run/item/epoch, for scripted answers and logs; never sent to an API."""
    path: int = 0
    """Items on the longest path from the one that asks to the end of its graph; the longer, the sooner it may call."""


class Reply(Frozen):
    """One whole, validated answer. `parsed` is set where the request had a schema and the answer came to its end."""

    text: str
    parsed: Any = None
    blocks: tuple[Block, ...] = ()
    """All of it, as it is sent back in the next turn; empty means the text alone."""
    stop: StopReason
    model: str
    usage: Usage = Field(default_factory=Usage)
    seconds: float = 0.0
    request_id: str | None = None
    limits: RateLimits | None = None
    """What the API said about the pace; None if nothing."""

    @property
    def tool_calls(self) -> tuple[ToolCall, ...]:
        """What is to be run; none unless it stopped for that."""
        if self.stop is not StopReason.TOOL_USE:
            return ()
        return tuple(block for block in self.blocks if isinstance(block, ToolCall))


OnDelta = Callable[[str], None]
"""Receives the text as it streams; lossy, for watching only."""


class Model(Protocol):
    """Answers requests. Raises only ModelError; opens what it needs at the first call."""

    async def complete(self, request: Request, on_delta: OnDelta | None = None) -> Reply:
        """The whole answer, or a ModelError that names the kind of failure."""
        ...

    async def close(self) -> None:
        """Release connections. The next call opens them again."""
        ...

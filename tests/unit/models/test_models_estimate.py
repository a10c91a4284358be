"""What a call may use, told before it is made."""

from typing import Any

from actors.models.blocks import Opaque, Text, Tool, ToolCall, ToolResult
from actors.models.estimate import characters, most
from actors.models.port import Message, Request


def test_every_part_of_a_prompt_counts() -> None:
    request = Request(model="m", messages=(Message(role="user", text="x" * 70),), max_tokens=50)
    assert (characters(request), most(request).tokens) == (70, 20 + 50)

    blocks = (
        Text(text="x" * 100),
        ToolCall(id="t", name="read", input={"path": "x" * 100}),
        ToolResult(id="t", text="x" * 100),
        Opaque(body={"thinking": "x" * 100}),
    )
    more: list[dict[str, Any]] = [
        {"system": "x" * 100},
        {"output": {"type": "object", "description": "x" * 100}},
        {"tools": (Tool(name="read", description="x" * 100, input={"type": "object"}),)},
        {"tools": (Tool(name="read", description="", input={"description": "x" * 100}),)},
        *({"messages": (*request.messages, Message(role="user", blocks=(block,)))} for block in blocks),
    ]
    for fields in more:
        assert characters(request.model_copy(update=fields)) >= 70 + 100, fields

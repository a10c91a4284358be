"""A request as the Messages API takes it."""

from typing import Any

from actors.models.blocks import Block, Opaque, Text, ToolCall, ToolResult
from actors.models.caching import marks_beginning, marks_end, marks_shared
from actors.models.claude_schema import wire_schema
from actors.models.port import Message, Request

KEEP = {"cache_control": {"type": "ephemeral"}}
"""For five minutes from its last use."""

MARKABLE = ("text", "tool_result", "tool_use")
"""Thinking cannot be marked, and what the API's own tools left is not touched."""


def wire_body(request: Request) -> dict[str, Any]:
    """The arguments of the call, all but `stream`. Raises RequestRefused for a schema that cannot be put."""
    body: dict[str, Any] = {
        "model": request.model,
        "max_tokens": request.max_tokens,
        "messages": [{"role": message.role, "content": _content(message)} for message in request.messages],
    }
    if request.system:
        body["system"] = request.system
    if request.tools:
        body["tools"] = [
            {"name": tool.name, "description": tool.description, "input_schema": dict(tool.input)}
            for tool in request.tools
        ]
    _mark(body, request)
    if request.output is not None:
        body["output_config"] = {"format": {"type": "json_schema", "schema": wire_schema(request.output)}}
    return body


def _mark(body: dict[str, Any], request: Request) -> None:
    """Mark what the API shall keep. Tools come before the system prompt there, the messages behind it."""
    if marks_beginning(request):
        if request.system:
            body["system"] = [{"type": "text", "text": request.system, **KEEP}]
        else:
            body["tools"][-1].update(KEEP)
    if marks_shared(request):
        _split(body["messages"][0], request)
    if marks_end(request):
        last = body["messages"][-1]
        content = last["content"]
        last["content"] = [{"type": "text", "text": content}] if isinstance(content, str) else content
        if last["content"][-1]["type"] in MARKABLE:
            last["content"][-1] |= KEEP


def _split(message: dict[str, Any], request: Request) -> None:
    """The API keeps whole blocks: what is shared becomes one of its own."""
    text = request.messages[0].text
    blocks = [{"type": "text", "text": text[: request.shared], **KEEP}]
    if text[request.shared :].strip():
        blocks.append({"type": "text", "text": text[request.shared :]})
    after = message["content"]
    message["content"] = blocks if isinstance(after, str) else [*blocks, *after[1:]]


def _content(message: Message) -> str | list[dict[str, Any]]:
    if not message.blocks:
        return message.text
    first = (Text(text=message.text),) if message.text else ()
    # The API refuses blank texts, also its own.
    blocks = (block for block in (*first, *message.blocks) if not isinstance(block, Text) or block.text.strip())
    return [_block(block) for block in blocks]


def _block(block: Block) -> dict[str, Any]:
    match block:
        case Text():
            return {"type": "text", "text": block.text}
        case ToolCall():
            return {"type": "tool_use", "id": block.id, "name": block.name, "input": dict(block.input)}
        case ToolResult():
            told = {"type": "tool_result", "tool_use_id": block.id, "content": block.text}
            return {**told, "is_error": True} if block.is_error else told
        case Opaque():
            return dict(block.body)

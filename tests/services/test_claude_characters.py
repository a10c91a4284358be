"""The real SDK: an answer with half a character in it (a lone surrogate) counts, and is paid for once."""

import json
from typing import Any

import pytest

from actors.models.blocks import Text, Tool, ToolCall
from actors.models.claude import ClaudeModel
from actors.models.claude_stream import Assembly
from actors.models.port import Reply, StopReason
from tests.messages_server import MessagesServer, Turn, events, message, says, streams, text_block, tool_use
from tests.messages_server.stream import Event
from tests.support.claude_calls import ask

READ = Tool(name="read", description="Reads a file.", input={"type": "object"})
ANSWER = {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]}
BOTH = pytest.mark.parametrize("watched", [False, True], ids=["whole", "streamed"])
HALF = "cut \ud83d"
MENDED = "cut \ufffd"


def told(turn: dict[str, object], *, watched: bool) -> Turn:
    """As an API tells it that escapes what is not ASCII."""
    return streams(*map(escaped, events(turn))) if watched else says(json.dumps(turn))


def escaped(event: Event) -> bytes:
    name, fields = event
    return f"event: {name}\ndata: {json.dumps({'type': name, **fields})}\n\n".encode()


async def answered(
    server: MessagesServer, model: ClaudeModel, turn: dict[str, object], *, watched: bool, **fields: Any
) -> tuple[Reply, list[str]]:
    seen: list[str] = []
    server.then(told(turn, watched=watched))
    reply = await model.complete(ask(**fields), seen.append if watched else None)
    reply.model_dump_json()
    assert reply.usage.output_tokens == 7
    return reply, seen


@BOTH
async def test_in_a_text(server: MessagesServer, model: ClaudeModel, watched: bool) -> None:
    reply, seen = await answered(server, model, message(HALF), watched=watched)

    assert (reply.text, reply.blocks) == (MENDED, (Text(text=MENDED),))
    assert "".join(seen) == (MENDED if watched else "")


@BOTH
@pytest.mark.parametrize("escapes", [False, True])
async def test_in_a_structured_answer(server: MessagesServer, model: ClaudeModel, watched: bool, escapes: bool) -> None:
    text = json.dumps({"text": HALF, HALF: [HALF]}, ensure_ascii=escapes)
    reply, _ = await answered(server, model, message(text), watched=watched, output=ANSWER)

    assert reply.parsed == {"text": MENDED, MENDED: [MENDED]}


@BOTH
async def test_in_a_call_of_a_tool(server: MessagesServer, model: ClaudeModel, watched: bool) -> None:
    asked = message(content=[text_block("I write."), tool_use("read", {"path": HALF}, "t1")], stop_reason="tool_use")
    reply, _ = await answered(server, model, asked, watched=watched, tools=(READ,))

    assert reply.stop is StopReason.TOOL_USE
    assert reply.tool_calls == (ToolCall(id="t1", name="read", input={"path": MENDED}),)


def test_halves_that_come_one_after_the_other_are_one() -> None:
    assembly = Assembly("m", str)
    begun, _, start, delta, *rest = events(message("x"))
    pieces = [{**delta[1], "delta": {"type": "text_delta", "text": half}} for half in "\ud83d\ude00"]

    for name, fields in [begun, start, *(("content_block_delta", piece) for piece in pieces), *rest]:
        assembly.add(name, json.dumps({"type": name, **fields}))

    assert assembly.message().content[0].text == "😀"

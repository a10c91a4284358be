"""The real SDK: tools offered and called, blocks that go back as they came; in one piece and streamed."""

from typing import Any

import pytest

from actors.errors import AnswerCutOff, ModelFaulty
from actors.models.blocks import Opaque, Text, Tool, ToolCall, ToolResult
from actors.models.claude import ClaudeModel
from actors.models.port import Message, OnDelta, Request, StopReason
from tests.messages_server import MessagesServer, answers, events, message, streams, text_block, thinking, tool_use
from tests.support.claude_calls import ask, failure

READ = Tool(name="read", description="Reads a file.", input={"type": "object", "properties": {"path": {}}})
ANSWER = {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]}
BOTH = pytest.mark.parametrize("watch", [None, lambda _: None], ids=["whole", "streamed"])
LONG = {"path": "a/b/c.txt", "lines": [1, 2, 3], "text": 'quotes " and \\ and ünïcode ' * 20}
CALLED = [thinking(), text_block("I look."), tool_use("read", LONG, "toolu_1"), tool_use("read", {}, "toolu_2")]


def with_tools(**fields: Any) -> Request:
    return ask(**{"tools": (READ,), **fields})


@BOTH
async def test_calls_of_tools(server: MessagesServer, model: ClaudeModel, watch: OnDelta | None) -> None:
    server.then(answers(content=CALLED, stop_reason="tool_use"))

    reply = await model.complete(with_tools(output=ANSWER), watch)

    assert (reply.stop, reply.text, reply.parsed) == (StopReason.TOOL_USE, "I look.", None)
    first, second = reply.tool_calls
    assert (first.id, first.name, first.input) == ("toolu_1", "read", LONG)
    assert (second.id, second.input) == ("toolu_2", {})
    assert server.calls[0].body["tools"] == [
        {"name": "read", "description": "Reads a file.", "input_schema": READ.input}
    ]


@BOTH
async def test_a_turn_goes_back_as_it_came(server: MessagesServer, model: ClaudeModel, watch: OnDelta | None) -> None:
    redacted = {"type": "redacted_thinking", "data": "opaque"}
    cited = {"type": "text", "text": "Cited.", "citations": [{"type": "char_location", "cited_text": "x"}]}
    server.then(answers(content=[redacted, cited, *CALLED], stop_reason="tool_use"))
    reply = await model.complete(with_tools(), watch)
    results = (ToolResult(id="toolu_1", text="its lines"), ToolResult(id="toolu_2", text="no file", is_error=True))
    turns = (Message(role="assistant", blocks=reply.blocks), Message(role="user", blocks=results))

    await model.complete(with_tools().model_copy(update={"messages": (*ask().messages, *turns)}), watch)

    said, answered = server.calls[1].body["messages"][1:]
    assert said["role"] == "assistant"
    assert said["content"][0] == redacted
    assert said["content"][2] == thinking()
    assert [block["type"] for block in said["content"][1:]] == ["text", "thinking", "text", "tool_use", "tool_use"]
    assert said["content"][4] == {"type": "tool_use", "id": "toolu_1", "name": "read", "input": LONG}
    assert answered == {
        "role": "user",
        "content": [
            {"type": "tool_result", "tool_use_id": "toolu_1", "content": "its lines"},
            {"type": "tool_result", "tool_use_id": "toolu_2", "content": "no file", "is_error": True},
        ],
    }


@BOTH
async def test_a_number_that_json_does_not_have_is_none(
    server: MessagesServer, model: ClaudeModel, watch: OnDelta | None
) -> None:
    called = tool_use("read", {"lines": [1.5, float("inf"), {"to": float("nan")}]}, "toolu_1")
    server.then(answers(content=[called], stop_reason="tool_use"))

    reply = await model.complete(with_tools(), watch)

    assert reply.tool_calls[0].input == {"lines": [1.5, None, {"to": None}]}
    turns = (
        Message(role="assistant", blocks=reply.blocks),
        Message(role="user", blocks=(ToolResult(id="toolu_1", text="ok"),)),
    )
    await model.complete(with_tools().model_copy(update={"messages": (*ask().messages, *turns)}), watch)


@BOTH
async def test_a_pause_goes_back_as_it_came(server: MessagesServer, model: ClaudeModel, watch: OnDelta | None) -> None:
    used = {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {"query": "x"}}
    found = {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": [{"title": "t"}]}
    server.then(answers(content=[used, found], stop_reason="pause_turn"))

    reply = await model.complete(ask(), watch)

    assert (reply.stop, reply.tool_calls) == (StopReason.PAUSE, ())
    assert reply.blocks == (Opaque(body=used), Opaque(body=found))


async def test_blank_texts_do_not_go_back(server: MessagesServer, model: ClaudeModel) -> None:
    blocks = (Text(text="\n"), ToolCall(id="t", name="read", input={}), Text(text=""))
    turns = (Message(role="assistant", blocks=blocks), Message(role="user", blocks=(ToolResult(id="t", text="ok"),)))

    await model.complete(with_tools().model_copy(update={"messages": (*ask().messages, *turns)}))

    assert [block["type"] for block in server.calls[0].body["messages"][1]["content"]] == ["tool_use"]


@BOTH
async def test_calls_of_a_message_that_was_cut_off_are_none(
    server: MessagesServer, model: ClaudeModel, watch: OnDelta | None
) -> None:
    server.then(answers(content=CALLED, stop_reason="max_tokens"))

    failed = await failure(model, with_tools(), watched=watch is not None)

    assert type(failed) is AnswerCutOff
    assert failed.usage.output_tokens == 7


async def test_input_that_was_cut_off_within_its_json(server: MessagesServer, model: ClaudeModel) -> None:
    told = events(message(content=[tool_use("read", LONG)], stop_reason="max_tokens"))
    pieces = [event for event in told if "input_json_delta" in str(event)]
    server.then(streams(*(event for event in told if event not in pieces[5:])))

    assert type(await failure(model, with_tools(), watched=True)) is AnswerCutOff


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"content": [tool_use("read", {})], "stop_reason": "end_turn"}, "with calls of tools"),
        ({"content": [text_block("x")], "stop_reason": "tool_use"}, "without a call"),
        ({"content": [{"type": "tool_use", "id": "t", "name": "read", "input": 5}]}, "unknown shape"),
        ({"content": [{"type": "tool_use", "name": "read", "input": {}}]}, "unknown shape"),
    ],
)
@BOTH
async def test_what_cannot_be_run_is_no_answer(
    server: MessagesServer, model: ClaudeModel, watch: OnDelta | None, fields: dict[str, Any], told: str
) -> None:
    server.then(answers(**{"stop_reason": "tool_use", **fields}))

    failed = await failure(model, with_tools(), watched=watch is not None)

    assert type(failed) is ModelFaulty
    assert told in str(failed)


async def test_input_that_is_no_json(server: MessagesServer, model: ClaudeModel) -> None:
    told = events(message(content=[tool_use("read", LONG)], stop_reason="tool_use"))
    pieces = [event for event in told if "input_json_delta" in str(event)]
    server.then(streams(*(event for event in told if event is not pieces[-1])))

    failed = await failure(model, with_tools(), watched=True)

    assert type(failed) is ModelFaulty
    assert "no JSON" in str(failed)


async def test_a_tool_nobody_offered_is_not_called(server: MessagesServer, model: ClaudeModel) -> None:
    server.then(answers(content=CALLED, stop_reason="tool_use"))

    assert "unexpected content block of type 'tool_use'" in str(await failure(model))

"""Prompt caching: the beginning that items share is marked, and a conversation up to its last turn; nothing else."""

from collections.abc import AsyncIterator

import pytest

from actors.models.blocks import Tool, ToolResult
from actors.models.caching import floor
from actors.models.claude import ClaudeModel
from actors.models.port import Message
from actors.models.pricing import cost_usd
from actors.settings import ModelSettings
from tests.claude_calls import ask
from tests.messages_server import KEY, MessagesServer, Script, answers, tool_use

LONG = "Always answer in the style of the house. " * 200
"""About 2,000 tokens."""
KEPT = {"type": "ephemeral"}
READ = Tool(name="read", description="Reads a file.", input={"type": "object"})
BIG = Tool(name="big", description=LONG, input={"type": "object"})


@pytest.fixture
async def server() -> AsyncIterator[MessagesServer]:
    async with MessagesServer(script=Script(counted=True)) as running:
        yield running


@pytest.fixture
async def model(server: MessagesServer) -> AsyncIterator[ClaudeModel]:
    opened = ClaudeModel(lambda: KEY, ModelSettings(base_url=server.base_url, deadline_base_s=30))
    yield opened
    await opened.close()


async def test_a_long_system_prompt_is_written_once_and_read_by_other_items(
    server: MessagesServer, model: ClaudeModel
) -> None:
    first = (await model.complete(ask("Do a.", system=LONG))).usage
    second = (await model.complete(ask("Do b.", system=LONG))).usage

    assert server.calls[0].body["system"] == [{"type": "text", "text": LONG, "cache_control": KEPT}]
    assert (first.cache_read_tokens, second.cache_write_tokens) == (0, 0)
    assert first.cache_write_tokens == second.cache_read_tokens > 1024
    one, other = cost_usd("claude-sonnet-5-5", first), cost_usd("claude-sonnet-5-5", second)
    assert one is not None
    assert other is not None
    assert other < one / 5


async def test_what_is_too_short_or_of_one_call_alone_is_not_marked(server: MessagesServer, model: ClaudeModel) -> None:
    await model.complete(ask("x" + LONG, system="Be brief."))

    assert "cache_control" not in str(server.calls[0].body)


async def test_tools_without_a_system_prompt_are_marked_at_the_last(server: MessagesServer, model: ClaudeModel) -> None:
    await model.complete(ask("Do a.", tools=(BIG, READ)))

    tools = server.calls[0].body["tools"]
    assert [tool.get("cache_control") for tool in tools] == [None, KEPT]


async def test_a_conversation_with_tools_reads_what_it_said_before(server: MessagesServer, model: ClaudeModel) -> None:
    server.then(answers(content=[tool_use("read", {"path": "x"})], stop_reason="tool_use"))
    request = ask("Do a.", system=LONG, tools=(READ,))
    reply = await model.complete(request)
    result = ToolResult(id="toolu_1", text=LONG)
    turns = (Message(role="assistant", blocks=reply.blocks), Message(role="user", blocks=(result,)))
    following = request.model_copy(update={"messages": (*request.messages, *turns)})

    second = (await model.complete(following)).usage
    third = (await model.complete(following.model_copy(update={"max_tokens": 5}))).usage

    assert server.calls[1].body["messages"][-1]["content"][0]["cache_control"] == KEPT
    assert second.cache_read_tokens == reply.usage.cache_write_tokens > 0
    assert second.cache_write_tokens > 1000, "the result of the tool"
    assert (third.cache_read_tokens, third.cache_write_tokens) == (
        second.cache_read_tokens + second.cache_write_tokens,
        0,
    )


@pytest.mark.parametrize(
    ("name", "tokens"),
    [("claude-opus-5-5", 512), ("claude-haiku-4-5-20251001", 4096), ("claude-sonnet-5-5", 1024), ("new", 1024)],
)
def test_the_floor_of_a_model(name: str, tokens: int) -> None:
    assert floor(name) == tokens

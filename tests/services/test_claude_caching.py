"""Prompt caching: the beginning that items share is marked, and a conversation up to its last turn; nothing else."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from actors.desk import Desk
from actors.governor.needs import Amounts
from actors.models.blocks import Tool, ToolResult
from actors.models.caching import floor
from actors.models.calls import ModelCalls
from actors.models.claude import ClaudeModel
from actors.models.port import Message, Request
from actors.models.pricing import cost_usd
from actors.models.spending import Spending
from actors.permits import GovernedPermits
from actors.roles.deadline import Deadline
from actors.settings import ModelSettings
from tests.messages_server import KEY, Latency, MessagesServer, Script, answers, tool_use
from tests.support.claude_calls import ask

LONG = "Always answer in the style of the house. " * 200
"""About 2,000 tokens."""
KEPT = {"type": "ephemeral"}
READ = Tool(name="read", description="Reads a file.", input={"type": "object"})
BIG = Tool(name="big", description=LONG, input={"type": "object"})


@pytest.fixture
async def server() -> AsyncIterator[MessagesServer]:
    async with MessagesServer(script=Script(counted=True)) as running:
        yield running


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


def fan_out(number: int) -> Request:
    return ask(f"{LONG}\n\nItem {number}.").model_copy(update={"shared": len(LONG)})


async def test_what_items_are_given_alike_is_a_block_of_its_own(server: MessagesServer, model: ClaudeModel) -> None:
    first = (await model.complete(fan_out(1))).usage
    second = (await model.complete(fan_out(2))).usage

    blocks = server.calls[0].body["messages"][0]["content"]
    assert blocks == [
        {"type": "text", "text": LONG, "cache_control": KEPT},
        {"type": "text", "text": "\n\nItem 1."},
    ]
    assert first.cache_write_tokens == second.cache_read_tokens > 1024
    assert second.cache_write_tokens == 0


async def test_what_is_given_alike_and_short_stays_one_text(server: MessagesServer, model: ClaudeModel) -> None:
    await model.complete(ask("Given. Do a.").model_copy(update={"shared": 6}))
    assert server.calls[0].body["messages"][0]["content"] == "Given. Do a."


async def test_of_a_fan_out_one_call_writes_the_cache_and_the_others_read_it() -> None:
    script = Script(counted=True, latency=Latency(base_s=0.3))
    async with MessagesServer(script=script) as server:
        opened = ClaudeModel(lambda: KEY, ModelSettings(base_url=server.base_url, deadline_base_s=30))
        permits = GovernedPermits("executor-1", 1, Desk({"claude-sonnet-5-5": Amounts(0, 0, 0)}))
        calls = ModelCalls(lambda _: opened, permits)
        spent = [Spending() for _ in range(16)]

        async def call(number: int, spending: Spending) -> None:
            async with Deadline(60) as deadline:
                await calls.model("claude-sonnet-5-5", deadline, spending).complete(fan_out(number))

        await asyncio.gather(*(call(number, spending) for number, spending in enumerate(spent)))
        await opened.close()
    written = [one.sum.usage.cache_write_tokens for one in spent if one.sum.usage.cache_write_tokens]
    assert len(written) == 1
    assert sum(one.sum.usage.cache_read_tokens for one in spent) == 15 * written[0]


@pytest.mark.parametrize(
    ("name", "tokens"),
    [("claude-opus-5-5", 512), ("claude-haiku-4-5-20251001", 4096), ("claude-sonnet-5-5", 1024), ("new", 1024)],
)
def test_the_floor_of_a_model(name: str, tokens: int) -> None:
    assert floor(name) == tokens

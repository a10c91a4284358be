"""The test server's prompt cache: what a prompt reads, writes and pays in full."""

from typing import Any

import pytest
from anthropic import AsyncAnthropic

from tests.messages_server import KEY, MessagesServer, Script
from tests.messages_server.caching import Cache, minimum

MODEL = "claude-sonnet-5-5"
MARK = {"cache_control": {"type": "ephemeral"}}
SYSTEM = {"type": "text", "text": "s" * 8000, **MARK}
"""2,000 tokens."""


def body(question: str, system: Any = None, **fields: Any) -> dict[str, Any]:
    messages = [{"role": "user", "content": question}]
    return {"model": MODEL, "messages": messages, "system": system or [SYSTEM], **fields}


def ask(cache: Cache, asked: dict[str, Any], now: float = 0.0) -> tuple[int, int, int]:
    split = cache.look(asked, now)
    cache.keep(split, now)
    return split[:3]


def test_the_same_prefix_is_written_once_and_read_then() -> None:
    cache = Cache()

    assert ask(cache, body("x" * 40)) == (0, 2000, 10)
    assert ask(cache, body("y" * 80)) == (2000, 0, 20)
    assert ask(cache, body("y", [{**SYSTEM, "text": "z" * 8000}])) == (0, 2000, 1)
    assert ask(cache, {**body("y"), "model": "claude-opus-5-5"}) == (0, 2000, 1)


def test_a_conversation_that_grows_reads_what_was_said() -> None:
    cache = Cache()
    turns: list[dict[str, Any]] = []
    told = []
    for _ in range(3):
        turns.append({"role": "user", "content": "q" * 4800})
        told.append(ask(cache, {"model": MODEL, "messages": turns, **MARK}))
        turns.append({"role": "assistant", "content": "a" * 400})

    assert told == [(0, 1200, 0), (1200, 1300, 0), (2500, 1300, 0)]


def test_short_prompts_and_unmarked_ones_are_not_cached() -> None:
    cache = Cache()
    short = [{**SYSTEM, "text": "s" * 4 * 1023}]

    assert [ask(cache, body("", short)) for _ in range(2)] == [(0, 0, 1023)] * 2
    assert [ask(cache, body("", "s" * 8000)) for _ in range(2)] == [(0, 0, 2000)] * 2


def test_five_minutes_from_the_last_use() -> None:
    cache = Cache(minute_s=6.0)

    assert ask(cache, body(""), 0.0) == (0, 2000, 0)
    assert ask(cache, body(""), 29.0) == (2000, 0, 0)
    assert ask(cache, body(""), 58.0) == (2000, 0, 0)
    assert ask(cache, body(""), 89.0) == (0, 2000, 0)


def test_nothing_is_read_before_an_answer_has_begun() -> None:
    cache = Cache()

    assert [cache.look(body(""), 0.0)[:3] for _ in range(2)] == [(0, 2000, 0)] * 2


@pytest.mark.parametrize(
    ("model", "tokens"),
    [(MODEL, 1024), ("claude-haiku-4-5-20251001", 4096), ("claude-fable-5-1", 512), ("claude-opus-4-8", 1024)],
)
def test_minimum(model: str, tokens: int) -> None:
    assert minimum(model) == tokens


async def test_usage_over_the_wire() -> None:
    asked = body("x" * 40, max_tokens=10)
    async with (
        MessagesServer(script=Script(counted=True, text="four")) as server,
        AsyncAnthropic(api_key=KEY, base_url=server.base_url, max_retries=0) as client,
    ):
        first = (await client.messages.create(**asked)).usage
        async with client.messages.stream(**asked) as stream:
            second = (await stream.get_final_message()).usage

    assert (first.cache_creation_input_tokens, first.cache_read_input_tokens, first.input_tokens) == (2000, 0, 10)
    assert first.cache_creation is not None
    assert first.cache_creation.ephemeral_5m_input_tokens == 2000
    assert (second.cache_creation_input_tokens, second.cache_read_input_tokens, second.input_tokens) == (0, 2000, 10)
    assert (first.output_tokens, second.output_tokens) == (1, 1)
    assert (server.ledger.cache_read_tokens, server.ledger.cache_write_tokens) == (2000, 2000)

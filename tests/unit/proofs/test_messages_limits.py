"""The test server's token buckets: what they admit, what they tell, and what they say about a client that hurries."""

from datetime import UTC, datetime, timedelta
from typing import Any

import anthropic
import pytest
from anthropic import AsyncAnthropic
from hypothesis import given
from hypothesis import strategies as st

from tests.messages_server import KEY, Limits, MessagesServer, Script, answers
from tests.messages_server.buckets import Bucket, Buckets, Short, refusal, retry_after, rfc3339

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
SIXTY = Limits(requests=60, input_tokens=6000, output_tokens=600, rounded_to=1)


@given(
    st.lists(st.tuples(st.floats(0, 20), st.integers(0, 3000), st.integers(0, 300)), max_size=60),
    st.sampled_from([1.0, 0.1]),
)
def test_what_is_admitted_keeps_the_limits(calls: list[tuple[float, int, int]], burst: float) -> None:
    """In any stretch of time no more than the capacity and what was refilled in it."""
    buckets = Buckets(SIXTY.model_copy(update={"burst": burst}), 0.0)
    now, admitted = 0.0, []
    for pause, input_tokens, output_tokens in calls:
        now += pause
        if buckets.admit(input_tokens, now) is None:
            admitted.append((now, input_tokens))
            buckets.written(output_tokens, now)
    for at, (begin, _) in enumerate(admitted):
        for upto in range(at, len(admitted)):
            refilled = (admitted[upto][0] - begin) / 60.0
            assert upto - at + 1 <= 60 * (burst + refilled) + 1e-6
            assert sum(tokens for _, tokens in admitted[at : upto + 1]) <= 6000 * (burst + refilled) + 1e-6


@given(st.lists(st.tuples(st.floats(0, 5), st.integers(0, 200)), min_size=1, max_size=40))
def test_who_waits_as_told_is_admitted(calls: list[tuple[float, int]]) -> None:
    bucket, now = Bucket(100, Limits(minute_s=10), 0.0), 0.0
    for pause, amount in calls:
        now += pause
        wanted = min(amount, 100)
        later = now + bucket.wait_s(wanted, now)
        assert bucket.level(later) >= wanted - 1e-6
        now = later
        bucket.draw(amount, now)


def test_a_call_that_is_refused_draws_nothing() -> None:
    buckets = Buckets(SIXTY, 0.0)

    short = buckets.admit(6001, 0.0)

    assert short == Short("input_tokens", 6000, 1.0, 0.01)
    assert buckets.headers(0.0, NOON)["anthropic-ratelimit-requests-remaining"] == "60"
    assert retry_after(short) == "1"
    assert "6,000 input tokens per minute" in refusal(short, "claude-sonnet-5-5")


def test_output_can_be_overdrawn_and_stops_the_next_call() -> None:
    buckets = Buckets(SIXTY, 0.0)
    assert buckets.admit(1, 0.0) is None

    assert buckets.written(900, 0.0) == 300.0

    short = buckets.admit(1, 0.0)
    assert short is not None
    assert short.bucket == "output_tokens"
    assert retry_after(short) == "31"
    assert buckets.admit(1, 30.1) is None


def test_headers() -> None:
    buckets = Buckets(SIXTY, 0.0)
    buckets.admit(3000, 0.0)
    buckets.written(150, 0.0)

    assert buckets.headers(0.0, NOON) == {
        "anthropic-ratelimit-requests-limit": "60",
        "anthropic-ratelimit-requests-remaining": "59",
        "anthropic-ratelimit-requests-reset": "2026-11-22T12:00:01Z",
        "anthropic-ratelimit-input-tokens-limit": "6000",
        "anthropic-ratelimit-input-tokens-remaining": "3000",
        "anthropic-ratelimit-input-tokens-reset": "2026-11-22T12:00:30Z",
        "anthropic-ratelimit-output-tokens-limit": "600",
        "anthropic-ratelimit-output-tokens-remaining": "450",
        "anthropic-ratelimit-output-tokens-reset": "2026-11-22T12:00:15Z",
        "anthropic-ratelimit-tokens-limit": "600",
        "anthropic-ratelimit-tokens-remaining": "450",
        "anthropic-ratelimit-tokens-reset": "2026-11-22T12:00:15Z",
    }
    assert rfc3339(NOON + timedelta(microseconds=1)) == "2026-11-22T12:00:01Z"


async def call(client: AsyncAnthropic, text: str = "hello", **fields: Any) -> Any:
    asked: dict[str, Any] = {"model": "claude-sonnet-5-5", "max_tokens": 10, **fields}
    raw = await client.messages.with_raw_response.create(**asked, messages=[{"role": "user", "content": text}])
    return raw.headers


@pytest.mark.parametrize("stream", [False, True])
async def test_over_the_limit(stream: bool) -> None:
    limits = {"*": Limits(requests=2, minute_s=1.0), "claude-opus-5": Limits(requests=1)}
    now = [0.0]
    async with MessagesServer(script=Script(limits=limits), clock=lambda: now[0]) as server:
        async with AsyncAnthropic(api_key=KEY, base_url=server.base_url, max_retries=0) as client:
            first = await call(client, stream=stream)
            await call(client, stream=stream)
            with pytest.raises(anthropic.RateLimitError, match="2 requests per minute") as refused:
                await call(client, stream=stream)
            await call(client, model="claude-opus-5")  # has buckets of its own
            now[0] = 0.5
            await call(client, stream=stream)

        assert first["anthropic-ratelimit-requests-limit"] == "2"
        assert first["anthropic-ratelimit-requests-remaining"] == "1"
        assert refused.value.response.headers["retry-after"] == "1"
        assert refused.value.type == "rate_limit_error"
        assert (server.ledger.requests, server.ledger.accepted, server.ledger.limited) == (5, 4, 1)
        assert server.ledger.overdrawn == {"requests": 1.0}


async def test_cache_reads_are_not_input() -> None:
    usage = {"input_tokens": 10, "cache_read_input_tokens": 900, "cache_creation_input_tokens": 20, "output_tokens": 5}
    async with MessagesServer(script=Script(limits={"*": Limits(input_tokens=100, rounded_to=1)})) as server:
        server.default = answers(usage=usage)
        async with AsyncAnthropic(api_key=KEY, base_url=server.base_url, max_retries=0) as client:
            told = await call(client)

    assert told["anthropic-ratelimit-input-tokens-remaining"] == "70"
    assert server.ledger.cache_read_tokens == 900

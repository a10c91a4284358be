"""The real SDK against a Messages API that fails: every fault becomes one of our errors, and none holds the key."""

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator

import pytest

from actors.errors import (
    ContextTooLong,
    CredentialsRefused,
    ModelError,
    ModelFaulty,
    ModelMissing,
    Overloaded,
    QuotaExhausted,
    RateLimited,
    RequestRefused,
)
from actors.models.claude import ClaudeModel
from actors.settings import ModelSettings
from tests.claude_calls import ask, failure
from tests.messages_server import (
    KEY,
    Exchange,
    MessagesServer,
    Turn,
    drips,
    events,
    fails,
    hangs,
    message,
    resets,
    says,
    serving,
    streams,
)

TOLD = events(message("a whole answer"))
LATER = {"retry-after": "86400"}


@pytest.fixture
async def server() -> AsyncIterator[MessagesServer]:
    async with MessagesServer() as running:
        yield running


@pytest.fixture
async def model(server: MessagesServer) -> AsyncIterator[ClaudeModel]:
    opened = ClaudeModel(lambda: KEY, ModelSettings(base_url=server.base_url, deadline_base_s=30))
    yield opened
    await opened.close()


@pytest.mark.parametrize(
    ("turn", "error", "told"),
    [
        (fails(429, "rate_limit_error", headers=LATER), RateLimited, "retry after 86400 s"),
        (fails(429, "rate_limit_error", code="ramp_limit_exceeded"), RateLimited, "429"),
        (
            fails(429, "rate_limit_error", code="enforced_spend_limit_reached"),
            QuotaExhausted,
            "raise it in the console",
        ),
        (fails(429, "rate_limit_error", code="contract_spend_limit_reached"), QuotaExhausted, "continue the run"),
        (fails(402, "billing_error"), QuotaExhausted, "402"),
        (fails(400, "invalid_request_error", "Your credit balance is too low to go on"), QuotaExhausted, "too low"),
        (fails(401, "authentication_error", f"bad key {KEY}"), CredentialsRefused, r"bad key \[redacted\]"),
        (fails(403, "permission_error"), CredentialsRefused, "check ANTHROPIC_API_KEY"),
        (fails(400, "invalid_request_error", code="organization_on_hold"), CredentialsRefused, "400"),
        (fails(529, "overloaded_error"), Overloaded, "529"),
        (fails(500, "overloaded_error"), Overloaded, "overloaded_error"),
        (fails(500, "api_error"), ModelFaulty, r"request req_\d"),
        (fails(504, "timeout_error"), ModelFaulty, "504"),
        (fails(404, "not_found_error", "model: claude-sonet"), ModelMissing, "--model"),
        (fails(400, "invalid_request_error", "prompt is too long: 208310 tokens"), ContextTooLong, "208310 tokens"),
        (fails(413, "request_too_large"), ContextTooLong, "shorten the inputs"),
        (fails(400, "invalid_request_error", "max_tokens: too large"), RequestRefused, "max_tokens: too large"),
        (fails(422, "brand_new_error"), RequestRefused, "brand_new_error"),
        (fails(418, None), RequestRefused, "418"),
        (says("<html>Bad Gateway</html>", 502, "text/html"), ModelFaulty, "502.*Bad Gateway"),
        (says("<html>Not here</html>", 404, "text/html"), ModelMissing, "ANTHROPIC_BASE_URL"),
        (says("", 307), ModelFaulty, "307"),
        (resets(), ModelFaulty, "did not arrive whole"),
        (resets(b'{"type": "mess'), ModelFaulty, "did not arrive whole"),
    ],
)
async def test_refused_requests(
    server: MessagesServer, model: ClaudeModel, turn: Turn, error: type[ModelError], told: str
) -> None:
    server.then(turn, turn)

    for watched in (False, True):
        failed = await failure(model, watched=watched)

        assert type(failed) is error
        assert re.search(told, str(failed))
    assert len(server.calls) == 2  # whoever retries, it is not the SDK


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("{not JSON", "{not JSON"),
        ("<html><h1>Welcome</h1></html>", "Welcome"),
        ("null", "null"),
        ('{"hello": "world"}', "world"),
        (json.dumps(message(content=None)), "content"),
        (json.dumps(message(content=[{"text": "x"}])), "content.0.type"),
        (json.dumps(message(stop_reason=None)), "stop_reason"),
        (json.dumps(message(usage=...)), "usage"),
        (json.dumps(message(usage={"input_tokens": -1, "output_tokens": 1})), "usage.input_tokens"),
        (json.dumps(message(stop_reason="brand_new")), "brand_new"),
        (json.dumps(message(content=[{"type": "text"}])), "type 'text'"),
        (b"\xff\xfe", "no message came"),
        (f"<pre>Authorization: Bearer {KEY}</pre>" + "x" * 100_000, "redacted"),
    ],
)
async def test_other_things_than_messages(
    server: MessagesServer, model: ClaudeModel, body: str | bytes, told: str
) -> None:
    server.then(says(body))

    failed = await failure(model)

    assert type(failed) is ModelFaulty
    assert told in str(failed)
    assert len(str(failed)) < 1000


@pytest.mark.parametrize(
    ("turn", "told"),
    [
        (streams(*TOLD[:4]), "before the message did"),
        (streams(), "before the message did"),
        (says("<html>Welcome</html>"), "before the message did"),
        (says(json.dumps(message())), "before the message did"),
        (streams(*TOLD[:4], then="reset"), "did not arrive whole"),
        (streams(*TOLD[:3], b"event: content_block_delta\ndata: {oops\n\n"), "JSONDecodeError"),
        (streams(b"event: message_start\ndata: \xff\xff\n\n"), "UnicodeDecodeError"),
        (streams(("message_start", {"message": 5})), "did not arrive whole"),
        (streams(("message_start", 5)), "did not arrive whole"),
        (streams(*TOLD[3:]), "did not arrive whole"),
        (streams(("message_stop", {})), "no message came"),
        (streams(*TOLD[:-2], TOLD[-1]), "stop_reason"),
        (streams(*TOLD[:4], b"event: error\ndata: gone\n\n"), "gone"),
        (streams(*TOLD[:4], ("error", {"error": {"type": "api_error", "message": f"no {KEY}"}})), "no [redacted]"),
    ],
)
async def test_broken_streams(server: MessagesServer, model: ClaudeModel, turn: Turn, told: str) -> None:
    server.then(turn)

    failed = await failure(model, watched=True)

    assert type(failed) is ModelFaulty
    assert told in str(failed)


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("overloaded_error", Overloaded),
        ("rate_limit_error", RateLimited),
        ("authentication_error", CredentialsRefused),
        ("brand_new_error", ModelFaulty),
    ],
)
async def test_errors_in_the_middle_of_a_stream(
    server: MessagesServer, model: ClaudeModel, kind: str, error: type[ModelError]
) -> None:
    server.then(streams(*TOLD[:4], ("error", {"error": {"type": kind, "message": "told so"}, "request_id": "req_2"})))

    failed = await failure(model, watched=True)

    assert type(failed) is error
    assert "request req_2" in str(failed)


async def test_a_reset_after_the_last_event_loses_nothing(server: MessagesServer, model: ClaudeModel) -> None:
    server.then(streams(*TOLD, then="reset"))

    assert (await model.complete(ask(), lambda _: None)).text == "a whole answer"


@pytest.mark.parametrize(
    ("turn", "watched"),
    [
        (hangs(), False),
        (hangs(), True),
        (drips(b" "), False),
        (drips(b"event: ping\ndata: {}\n\n"), True),
        (drips(b": comment\n"), True),
        (streams(*TOLD[:4], then="hang"), True),
    ],
)
async def test_the_deadline_holds_whatever_comes(server: MessagesServer, turn: Turn, watched: bool) -> None:
    settings = ModelSettings(base_url=server.base_url, deadline_base_s=0.2, deadline_per_token_s=0.0001)
    model = ClaudeModel(lambda: KEY, settings)
    await model.complete(ask(max_tokens=300_000))  # opens the client, which takes longer than the deadline below
    server.then(turn)
    begin = time.monotonic()
    try:
        failed = await failure(model, ask(max_tokens=1000), watched=watched)
    finally:
        await model.close()

    assert type(failed) is ModelFaulty
    assert "deadline of 0.3 s" in str(failed)
    assert len(server.calls) == 2
    assert time.monotonic() - begin < 10


async def test_nobody_listens(model: ClaudeModel, server: MessagesServer) -> None:
    await server.__aexit__()

    failed = await failure(model)

    assert type(failed) is ModelFaulty
    assert "ConnectError" in str(failed)


@pytest.mark.parametrize("watched", [False, True])
async def test_cancelling_passes_through_and_leaves_the_model_usable(
    server: MessagesServer, model: ClaudeModel, watched: bool
) -> None:
    arrived = asyncio.Event()

    async def arrive(_: Exchange) -> None:
        arrived.set()
        await asyncio.Event().wait()

    server.then(arrive)
    call = asyncio.create_task(model.complete(ask(), (lambda _: None) if watched else None))
    await asyncio.wait_for(arrived.wait(), 20)
    call.cancel()

    with pytest.raises(asyncio.CancelledError):
        await call
    assert (await model.complete(ask())).text == "Hello from the server."


async def test_many_calls_at_once_and_a_server_in_a_thread() -> None:
    with serving() as server:
        model = ClaudeModel(lambda: KEY, ModelSettings(base_url=server.base_url))
        replies = await asyncio.gather(*(model.complete(ask(f"[item:i{number % 3}]")) for number in range(30)))
        await model.close()

    assert len(replies) == 30
    assert server.items == {"i0": 10, "i1": 10, "i2": 10}

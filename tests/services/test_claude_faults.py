"""The real SDK against a Messages API that fails in ways beside the table of faults; and none of them tells the key."""

import asyncio
import json
import re

import pytest

from actors.errors import (
    CredentialsRefused,
    ModelError,
    ModelFaulty,
    ModelMissing,
    Overloaded,
    RequestRefused,
)
from actors.models.claude import ClaudeModel
from actors.settings import ModelSettings
from tests.messages_server import (
    KEY,
    Exchange,
    MessagesServer,
    Turn,
    events,
    fails,
    message,
    says,
    serving,
    streams,
)
from tests.support.claude_calls import ask, failure

TOLD = events(message("a whole answer"))
LATER = {"retry-after": "86400"}


@pytest.mark.parametrize(
    ("turn", "error", "told"),
    [
        (fails(401, "authentication_error", f"bad key {KEY}"), CredentialsRefused, r"bad key \[redacted\]"),
        (fails(500, "overloaded_error"), Overloaded, "overloaded_error"),
        (fails(422, "brand_new_error"), RequestRefused, "brand_new_error"),
        (fails(418, None), RequestRefused, "418"),
        (says("<html>Not here</html>", 404, "text/html"), ModelMissing, "ANTHROPIC_BASE_URL"),
        (says("", 307), ModelFaulty, "307"),
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
        ("null", "null"),
        ('{"hello": "world"}', "world"),
        (json.dumps(message(content=[{"text": "x"}])), "content.0.type"),
        (json.dumps(message(content=[{"type": "text"}])), "type 'text'"),
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
        (streams(b"event: message_start\ndata: \xff\xff\n\n"), "UnicodeDecodeError"),
        (streams(("message_start", {"message": 5})), "did not arrive whole"),
        (streams(("message_start", 5)), "did not arrive whole"),
        (streams(("message_stop", {})), "no message came"),
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

"""The real SDK: what the API says about the pace arrives, with an answer and with a refusal."""

import pytest

from actors.models.claude import ClaudeModel
from actors.models.limits import Limit
from actors.settings import ModelSettings, PatienceSettings
from actors.work import Item, Task, Usage
from tests.messages_server import (
    KEY,
    Exchange,
    MessagesServer,
    Turn,
    answers,
    events,
    fails,
    hangs,
    message,
    resets,
    says,
    streams,
)
from tests.support.claude_calls import ask, failure
from tests.support.fakes import calls_of, course_of

HEADERS = {
    "anthropic-ratelimit-requests-limit": "50",
    "anthropic-ratelimit-requests-remaining": "49",
    "anthropic-ratelimit-requests-reset": "2099-01-01T00:00:00Z",
    "anthropic-ratelimit-output-tokens-remaining": "8000",
}
PART = Usage(input_tokens=11, output_tokens=1, cache_read_tokens=5, cache_write_tokens=3)
TOLD = events(message("a whole answer"))


async def with_headers(exchange: Exchange) -> None:
    exchange.wire.headers |= HEADERS
    await answers()(exchange)


@pytest.mark.parametrize("watched", [False, True])
async def test_an_answer_tells_the_limits(server: MessagesServer, model: ClaudeModel, watched: bool) -> None:
    server.then(with_headers)

    limits = (await model.complete(ask(), (lambda _: None) if watched else None)).limits

    assert limits is not None
    assert limits.requests == Limit(limit=50, remaining=49, reset_s=3600)
    assert (limits.input_tokens, limits.output_tokens) == (None, Limit(remaining=8000))


async def test_a_refusal_tells_how_long_to_wait(server: MessagesServer, model: ClaudeModel) -> None:
    server.then(
        fails(429, "rate_limit_error", headers={**HEADERS, "retry-after": "17"}),
        fails(529, "overloaded_error"),
        fails(429, "rate_limit_error", headers={"retry-after": "4294967"}),
    )

    limited, overloaded, absurd = [await failure(model) for _ in range(3)]

    assert (limited.retry_after_s, overloaded.retry_after_s, absurd.retry_after_s) == (17, None, 3600)
    assert limited.limits is not None
    assert limited.limits.requests == Limit(limit=50, remaining=49, reset_s=3600)
    assert "retry after 4.29497e+06 s, which is taken for 3600 s" in str(absurd)


@pytest.mark.parametrize(
    ("turn", "watched", "lost", "usage"),
    [
        (fails(500, "api_error"), False, False, Usage()),
        (resets(), False, True, Usage()),
        (says("<html>Welcome</html>"), False, True, Usage()),
        (hangs(), False, True, Usage()),
        (streams(*TOLD[:4], then="reset"), True, True, PART),
        (streams(*TOLD[:4], then="hang"), True, True, PART),
        (streams(*TOLD[:4], ("error", {"error": {"type": "overloaded_error"}})), True, True, PART),
    ],
)
async def test_what_a_broken_call_may_be_billed_for(
    server: MessagesServer, turn: Turn, watched: bool, lost: bool, usage: Usage
) -> None:
    settings = ModelSettings(base_url=server.base_url, deadline_base_s=0.5, deadline_per_token_s=0.0001)
    model = ClaudeModel(lambda: KEY, settings)
    await model.complete(ask(max_tokens=300_000))  # opens the client, which takes longer than the deadline below
    server.then(turn)
    try:
        failed = await failure(model, ask(max_tokens=100), watched=watched)
    finally:
        await model.close()

    assert (failed.lost, failed.usage) == (lost, usage)


async def test_a_call_that_never_left_is_not_billed(server: MessagesServer, model: ClaudeModel) -> None:
    await server.__aexit__()

    failed = await failure(model)

    assert not failed.lost


async def test_a_patient_call_gets_over_what_passes(server: MessagesServer, model: ClaudeModel) -> None:
    server.then(
        fails(500, "api_error"),
        fails(429, "rate_limit_error", headers={"retry-after": "0"}),
        streams(*TOLD[:4], then="reset"),
        streams(*TOLD),
    )
    course = course_of(Task(run="r", item=Item(id="a", description="x"), epoch=1, attempt=1, model="m"))
    quick = PatienceSettings(backoff_base_s=0, limit_base_s=0.01)
    async with course.deadline as deadline:
        patient = calls_of(model, patience=quick).model("m", deadline, course.spending)
        reply = await patient.complete(ask(max_tokens=10), lambda _: None)

    assert reply.text == "a whole answer"
    assert len(server.calls) == 4
    assert course.spending.sum.usage == PART + reply.usage
    assert course.spending.sum.estimated_usd > 0
    effort = course.spending.sum.effort
    assert (effort.calls, effort.retries) == (4, 3)
    assert 0 < effort.limit_s < 5

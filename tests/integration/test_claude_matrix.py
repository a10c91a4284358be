"""Every fault of the messages server against the real adapter: which failure it is, and what becomes of it."""

import re
from collections.abc import AsyncIterator
from enum import StrEnum
from random import Random
from typing import NamedTuple

import pytest
import pytest_asyncio

from actors.errors import (
    AnswerCutOff,
    AnswerInvalid,
    AnswerRefused,
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
from actors.failures import CLASSES, is_final
from actors.models.claude import ClaudeModel
from actors.models.patient import PatientModel
from actors.models.permits import FreePermits
from actors.models.spending import Spending
from actors.settings import ModelSettings, PatienceSettings
from actors.work import FailureKind
from tests.claude_calls import ask, failure
from tests.messages_server import CASES, ENDLESS, FAULTS, KEY, MessagesServer, answers
from tests.patience import Clock

HELLO = '{"text": "hello"}'
SCHEMA = {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]}
HELLO = '{"text": "hello"}'


class Then(StrEnum):
    """What becomes of the item after one such failure."""

    AGAIN = "put back uncharged"
    PAUSED = "put back, and the run is paused"
    RETRIED = "another of its attempts"
    FAILED = "failed"


def then(kind: FailureKind) -> Then:
    """By the table of failures."""
    row = CLASSES[kind]
    if row.pauses:
        return Then.PAUSED
    if is_final(kind, attempts=1, requeues=1):
        return Then.FAILED
    return Then.RETRIED if row.attempts else Then.AGAIN


class Expected(NamedTuple):
    """The error, what it says to a plain and to a streamed call, and what follows."""

    error: type[ModelError]
    told: str
    then: Then
    streamed: str | None = None
    """What it says to a streamed call, if that is something else."""


PACE = {name: Expected(RateLimited, "429", Then.AGAIN) for name in FAULTS if name.startswith("rate_limited")}
BROKEN = Expected(ModelFaulty, "did not arrive whole", Then.AGAIN)
NO_MESSAGE = Expected(ModelFaulty, "no message came", Then.AGAIN, "before the message did")
NO_FIELD = NO_MESSAGE._replace(streamed=None)
LATE = Expected(ModelFaulty, "deadline of 0.5 s", Then.AGAIN)
EXPECTED: dict[str, Expected] = {
    **PACE,
    "ramp_limit": Expected(RateLimited, "ramp up slowly", Then.AGAIN),
    "rate_limit_event": Expected(RateLimited, "too fast.*request req_2", Then.AGAIN),
    "spend_limit": Expected(QuotaExhausted, "raise it in the console.*regain access on 2026-12-01", Then.PAUSED),
    "contract_spend_limit": Expected(QuotaExhausted, "continue the run", Then.PAUSED),
    "credit_too_low": Expected(QuotaExhausted, "credit balance is too low", Then.PAUSED),
    "payment_required": Expected(QuotaExhausted, "402", Then.PAUSED),
    "unauthorized": Expected(CredentialsRefused, "check ANTHROPIC_API_KEY", Then.PAUSED),
    "forbidden": Expected(CredentialsRefused, "403", Then.PAUSED),
    "on_hold": Expected(CredentialsRefused, "on hold", Then.PAUSED),
    "overloaded": Expected(Overloaded, "529", Then.AGAIN),
    "overloaded_with_retry_after": Expected(Overloaded, "retry after 1 s", Then.AGAIN),
    "overloaded_event": Expected(Overloaded, "overloaded_error.*request req_2", Then.AGAIN),
    "server_error": Expected(ModelFaulty, "500 api_error.*request req_", Then.AGAIN),
    "bad_gateway": Expected(ModelFaulty, "502", Then.AGAIN),
    "unavailable": Expected(ModelFaulty, "503", Then.AGAIN),
    "gateway_timeout": Expected(ModelFaulty, "504 timeout_error", Then.AGAIN),
    "api_error_event": Expected(ModelFaulty, "api_error.*request req_2", Then.AGAIN),
    "html_with_200": NO_MESSAGE,
    "html_with_502": Expected(ModelFaulty, "502.*Bad Gateway", Then.AGAIN),
    "reset_before_headers": BROKEN,
    "closed_before_headers": BROKEN,
    "reset_in_body": BROKEN,
    "closed_in_body": BROKEN,
    "hang": LATE,
    "stall": LATE,
    "drip": LATE,
    "pings": LATE,
    "malformed_json": NO_MESSAGE._replace(streamed="JSONDecodeError"),
    "truncated_json": NO_MESSAGE._replace(streamed="JSONDecodeError"),
    "no_utf8": NO_MESSAGE._replace(streamed="UnicodeDecodeError"),
    "empty_body": NO_MESSAGE,
    "ends_without_stop": NO_MESSAGE,
    "ends_before_message_stop": NO_MESSAGE,
    "no_message_delta": Expected(ModelFaulty, "stop_reason", Then.AGAIN),
    "no_message_start": NO_FIELD,
    "wrong_content_type": NO_MESSAGE,
    "message_instead_of_events": NO_MESSAGE,
    "no_usage": Expected(ModelFaulty, "usage", Then.AGAIN),
    "negative_usage": Expected(ModelFaulty, "usage.input_tokens", Then.AGAIN),
    "wrong_types": Expected(ModelFaulty, "role|usage", Then.AGAIN),
    "no_content": Expected(ModelFaulty, "content", Then.AGAIN, "did not arrive whole"),
    "unknown_block": Expected(ModelFaulty, "type 'hologram'", Then.AGAIN),
    "unknown_stop": Expected(ModelFaulty, "brand_new", Then.AGAIN),
    "no_stop": Expected(ModelFaulty, "stop_reason", Then.AGAIN),
    "bad_request": Expected(RequestRefused, "max_tokens: 999999", Then.FAILED),
    "prompt_too_long": Expected(ContextTooLong, "1208310 tokens > 1000000", Then.FAILED),
    "request_too_large": Expected(ContextTooLong, "shorten the inputs", Then.FAILED),
    "context_exceeded": Expected(ContextTooLong, "11 tokens of prompt and 7 of answer", Then.FAILED),
    "model_missing": Expected(ModelMissing, "claude-sonet-5-5.*--model|--model.*claude-sonet-5-5", Then.AGAIN),
    "refusal": Expected(AnswerRefused, "category: bio.*pathogen", Then.FAILED),
    "refusal_without_details": Expected(AnswerRefused, "none given", Then.FAILED),
    "max_tokens": Expected(AnswerCutOff, "raise max_tokens of the item", Then.FAILED),
    "max_tokens_while_thinking": Expected(AnswerCutOff, "raise max_tokens of the item", Then.FAILED),
    "empty_content": Expected(AnswerInvalid, "empty", Then.RETRIED),
    "tool_cut_off": Expected(AnswerCutOff, "max_tokens", Then.FAILED, "before the message did|did not arrive whole"),
}
"""A row for every fault. The question wants JSON, so an answer that is cut off is none."""

PAUSES = {"pause_turn"}
"""No failure: the conversation goes on with what was said."""

FAILING = [(name, streamed) for name, streamed in CASES if name not in PAUSES]


def test_every_fault_has_its_row() -> None:
    assert set(EXPECTED) | PAUSES == set(FAULTS)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server() -> AsyncIterator[MessagesServer]:
    async with MessagesServer() as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def model(server: MessagesServer) -> AsyncIterator[ClaudeModel]:
    settings = ModelSettings(base_url=server.base_url, deadline_base_s=0.1, deadline_per_token_s=0.004)
    opened = ClaudeModel(lambda: KEY, settings)
    await opened.complete(ask(max_tokens=60_000))  # opens the client, which takes longer than the deadlines below
    yield opened
    await opened.close()


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(("name", "streamed"), FAILING)
async def test_a_fault_becomes_the_failure_that_it_is(
    server: MessagesServer, model: ClaudeModel, name: str, streamed: bool
) -> None:
    expected, turn, before = EXPECTED[name], FAULTS[name].of(streamed), server.ledger.requests
    assert turn is not None
    server.then(turn)

    failed = await failure(model, ask(output=SCHEMA, max_tokens=100 if name in ENDLESS else 60_000), watched=streamed)

    assert server.ledger.requests == before + 1, "whoever tries again, it is not the SDK"
    # A stream that breaks within a tool's arguments is the connection's fault, whatever they were for.
    error = ModelFaulty if (name, streamed) == ("tool_cut_off", True) else expected.error
    assert type(failed) is error
    assert re.search((streamed and expected.streamed) or expected.told, str(failed))
    assert then(failed.kind) is (expected.then if error is expected.error else Then.AGAIN)
    assert len(str(failed)) < 1000


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(("name", "streamed"), FAILING)
async def test_a_fault_that_passes_is_waited_for_and_every_other_is_asked_once(
    server: MessagesServer, model: ClaudeModel, name: str, streamed: bool
) -> None:
    turn, before, clock, spending = FAULTS[name].of(streamed), server.ledger.requests, Clock(), Spending()
    assert turn is not None
    server.then(turn, answers(HELLO))
    patient = PatientModel(model, clock, spending, FreePermits(), PatienceSettings(), Random(1), clock.sleep)
    request = ask(output=SCHEMA, max_tokens=100 if name in ENDLESS else 60_000)
    on_delta = (lambda _: None) if streamed else None

    if heals(name, streamed):
        assert (await patient.complete(request, on_delta)).text == HELLO
        assert (server.ledger.requests, spending.sum.effort.retries) == (before + 2, 1)
    else:
        with pytest.raises(ModelError):
            await patient.complete(request, on_delta)
        assert (server.ledger.requests, spending.sum.effort.retries) == (before + 1, 0)
        server.forget()
    assert sum(clock.sleeps) <= PatienceSettings().limit_wait_s, "whatever the API asks for"


def heals(name: str, streamed: bool) -> bool:
    if (name, streamed) == ("tool_cut_off", True):
        return True
    return EXPECTED[name].then is Then.AGAIN and name != "model_missing"

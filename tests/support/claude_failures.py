"""What every fault of the messages server becomes: which failure, what people are told, and what follows."""

from enum import StrEnum
from typing import NamedTuple

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
from actors.vocabulary.failures import CLASSES, is_final
from actors.work import FailureKind
from tests.messages_server import CASES, FAULTS


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
    "unauthorized": Expected(CredentialsRefused, "`mnemosyne doctor` says where it is", Then.PAUSED),
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
"""Every fault in every form that it has, except those."""


def heals(name: str, streamed: bool) -> bool:
    """Whether the call is made again within its attempt, and answered once the fault has passed."""
    if (name, streamed) == ("tool_cut_off", True):
        return True
    return EXPECTED[name].then is Then.AGAIN and name != "model_missing"

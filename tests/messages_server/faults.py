"""Every fault that the server can play, in one table: its name and what is played to a plain and to a streamed call.

A fault that does not exist in one of the two has None there and is not played to such calls.
"""

import json
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from tests.messages_server.exchange import Turn
from tests.messages_server.messages import error, message, text_block, thinking, tool_use
from tests.messages_server.stream import Event, encode, events
from tests.messages_server.turns import answers, drips, fails, hangs, resets, says, streams


class Fault(NamedTuple):
    """What is played to a call that is not streamed, and to one that is."""

    plain: Turn | None
    streamed: Turn | None

    def of(self, is_streamed: bool) -> Turn | None:
        """The one for such a call."""
        return self.streamed if is_streamed else self.plain


WHOLE = message("a whole answer that nobody should believe")
BODY = json.dumps(WHOLE)
TOLD = events(WHOLE)
HALF = len(BODY) // 2
HTML = "<!DOCTYPE html><html><head><title>{0}</title></head><body><h1>{0}</h1></body></html>"
LATE = "Wed, 21 Oct 2015 07:28:00 GMT"
CREDIT = "Your credit balance is too low to access the API."
SPENT = "You have reached your specified API usage limits. You will regain access on 2026-12-01 at 00:00 UTC."
LONG = "prompt is too long: 1208310 tokens > 1000000 maximum"


def both(turn: Turn) -> Fault:
    """The same whether streamed or not."""
    return Fault(turn, turn)


def limited(
    code: str | None = None, text: str = "Number of requests has exceeded your rate limit", **told: str
) -> Fault:
    """A 429; `told` are headers."""
    headers = {name.replace("_", "-"): value for name, value in told.items()}
    return both(fails(429, "rate_limit_error", text, code, headers))


def shaped(**fields: Any) -> Fault:
    """A message of another shape, plain and as events."""
    whole = message("a whole answer", **fields)
    return Fault(says(json.dumps(whole)), streams(*events(whole)))


def broken(*told: Event | bytes, then: str = "end") -> Fault:
    """A stream that goes wrong."""
    return Fault(None, streams(*told, then=then))


def complains(kind: str, text: str) -> Fault:
    """An error event in the middle of a stream."""
    said = error(kind, text, request_id="req_2")
    return broken(*TOLD[:5], ("error", {name: said[name] for name in ("error", "request_id")}))


def _tool_cut_off() -> Fault:
    """The arguments of a tool are not whole: the stream breaks within them, or max_tokens is reached."""
    asked = message(content=[text_block("I look."), tool_use("read_file", {"path": "a/very/long/path.txt"})])
    begun = [event for event in events({**asked, "stop_reason": "tool_use"}) if event[0] != "content_block_stop"]
    return Fault(answers(**{**asked, "stop_reason": "max_tokens"}), streams(*begun[:-3], then="close"))


LIMITS: Final[Mapping[str, Fault]] = {
    "rate_limited": limited(retry_after="1"),
    "rate_limited_without_retry_after": limited(),
    "rate_limited_for_a_day": limited(retry_after="86400"),
    "rate_limited_until_a_past_date": limited(retry_after=LATE),
    "rate_limited_with_garbage": limited(retry_after="soon\u00a0enough"),
    "rate_limited_for_minus_one": limited(retry_after="-1"),
    "ramp_limit": limited("ramp_limit_exceeded", "Your usage grows too fast; ramp up slowly", retry_after="1"),
    "spend_limit": limited("enforced_spend_limit_reached", SPENT),
    "contract_spend_limit": limited("contract_spend_limit_reached", SPENT),
    "rate_limit_event": complains("rate_limit_error", "too fast"),
    "overloaded": both(fails(529, "overloaded_error", "Overloaded")),
    "overloaded_with_retry_after": both(fails(529, "overloaded_error", "Overloaded", headers={"retry-after": "1"})),
    "overloaded_event": complains("overloaded_error", "Overloaded"),
}

SERVER: Final[Mapping[str, Fault]] = {
    "server_error": both(fails(500, "api_error", "Internal server error")),
    "bad_gateway": both(fails(502, "api_error", "Bad gateway")),
    "unavailable": both(fails(503, "api_error", "Service unavailable")),
    "gateway_timeout": both(fails(504, "timeout_error", "Request timed out")),
    "api_error_event": complains("api_error", "Internal server error"),
    "html_with_200": both(says(HTML.format("Welcome to the hotel"), 200, "text/html")),
    "html_with_502": both(says(HTML.format("502 Bad Gateway"), 502, "text/html")),
}

CONNECTION: Final[Mapping[str, Fault]] = {
    "reset_before_headers": both(resets()),
    "closed_before_headers": both(resets(how="close")),
    "reset_in_body": Fault(resets(BODY[:HALF].encode()), streams(*TOLD[:5], then="reset")),
    "closed_in_body": Fault(resets(BODY[:HALF].encode(), how="close"), streams(*TOLD[:5], then="close")),
    "hang": both(hangs()),
    "stall": Fault(drips(b"", begin=BODY[:HALF].encode()), streams(*TOLD[:5], then="hang")),
    "drip": Fault(drips(b" ", begin=BODY[:HALF].encode()), drips(b": drip\n\n", begin=encode(TOLD[0]))),
    "pings": Fault(None, drips(encode(("ping", {})), begin=encode(TOLD[0]))),
}

BODIES: Final[Mapping[str, Fault]] = {
    "malformed_json": Fault(
        says('{"id": "msg_1", oops}'), streams(*TOLD[:4], b"event: content_block_delta\ndata: {oops\n\n")
    ),
    "truncated_json": Fault(says(BODY[:HALF]), streams(*TOLD[:4], encode(TOLD[4])[:-20] + b"\n\n")),
    "no_utf8": Fault(says(b"\xff\xfe\x00"), streams(*TOLD[:4], b"event: content_block_delta\ndata: \xff\xff\n\n")),
    "empty_body": Fault(says(""), streams()),
    "ends_without_stop": broken(*TOLD[:5]),
    "ends_before_message_stop": broken(*TOLD[:-1]),
    "no_message_delta": broken(*TOLD[:-2], TOLD[-1]),
    "no_message_start": broken(*TOLD[1:]),
    "wrong_content_type": Fault(says("a whole answer", kind="text/plain"), says(BODY, kind="text/plain")),
    "message_instead_of_events": Fault(None, says(BODY)),
    "no_usage": shaped(usage=...),
    "negative_usage": shaped(usage={"input_tokens": -1, "output_tokens": 1}),
    "wrong_types": shaped(usage={"input_tokens": "many", "output_tokens": [1]}, role=5),
    "no_content": Fault(says(json.dumps(message(content=None))), streams(TOLD[0], ("content_block_start", 5))),
    "unknown_block": shaped(content=[{"type": "hologram", "data": "x"}]),
    "unknown_stop": shaped(stop_reason="brand_new"),
    "no_stop": shaped(stop_reason=None),
}

REFUSED: Final[Mapping[str, Fault]] = {
    "bad_request": both(fails(400, "invalid_request_error", "max_tokens: 999999 > 128000")),
    "prompt_too_long": both(fails(400, "invalid_request_error", LONG)),
    "credit_too_low": both(fails(400, "invalid_request_error", CREDIT)),
    "unauthorized": both(fails(401, "authentication_error", "invalid bearer token")),
    "payment_required": both(fails(402, "billing_error", "Payment required")),
    "forbidden": both(fails(403, "permission_error", "Your API key may not use this model")),
    "on_hold": both(fails(403, "permission_error", "Your organization is on hold", "organization_on_hold")),
    "model_missing": both(fails(404, "not_found_error", "model: claude-sonet-5-5")),
    "request_too_large": both(fails(413, "request_too_large", "Request exceeds the maximum size")),
}

DECLINED = {"type": "refusal", "category": "bio", "explanation": "The request may be about a pathogen."}

STOPS: Final[Mapping[str, Fault]] = {
    "refusal": both(answers("", content=[], stop_reason="refusal", stop_details=DECLINED)),
    "refusal_without_details": both(answers("Sorry", stop_reason="refusal")),
    "max_tokens": both(answers('{"text": "x", "sco', stop_reason="max_tokens")),
    "max_tokens_while_thinking": both(answers(content=[thinking("", "s")], stop_reason="max_tokens")),
    "context_exceeded": both(answers("and then", stop_reason="model_context_window_exceeded")),
    "pause_turn": both(answers("Let me go on.", stop_reason="pause_turn")),
    "empty_content": both(answers("", content=[])),
    "tool_cut_off": _tool_cut_off(),
}

FAULTS: Final[Mapping[str, Fault]] = {**LIMITS, **SERVER, **CONNECTION, **BODIES, **REFUSED, **STOPS}
"""All of them, by name."""

ENDLESS: Final = frozenset({"hang", "stall", "drip", "pings"})
"""Those that only a deadline ends."""

CASES: Final = tuple(
    (name, streamed) for name, fault in FAULTS.items() for streamed in (False, True) if fault.of(streamed)
)
"""Every fault in every form that it has, for `parametrize`."""

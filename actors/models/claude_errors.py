"""The API's complaints and the SDK's exceptions as errors of ours: redacted text alone, nothing that holds a key."""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

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
from actors.models.limits import RateLimits, Wait, read_limits, read_wait
from actors.secrecy.redaction import Redactor

HEAD = 300
"""Characters of a foreign text that are shown."""

SCANNED = 20_000
"""Characters of a foreign text that are looked at, so that a huge body costs nothing."""

NEVER_SENT = ("ClientConnector", "ConnectionTimeoutError", "ConnectTimeout", "PoolTimeout")
"""How the transport's exceptions begin with which nothing reached the API: such a call cannot be billed.

Not httpx's ConnectError, which aiohttp's transport raises for broken connections too.
"""

Redact = Callable[[str], str]

# Most telling first: a code names one cause, a type a class of them, a status less than that (a failure in the
# middle of a stream has the status 200).
BY_CODE: dict[str, type[ModelError]] = {
    "enforced_spend_limit_reached": QuotaExhausted,
    "contract_spend_limit_reached": QuotaExhausted,
    "linked_organization_spend_limit_reached": QuotaExhausted,
    "linked_organization_billing_unavailable": QuotaExhausted,
    "user_profile_not_billable": QuotaExhausted,
    "user_profile_billing_not_authorized": QuotaExhausted,
    "organization_on_hold": CredentialsRefused,
}
BY_TYPE: dict[str, type[ModelError]] = {
    "authentication_error": CredentialsRefused,
    "permission_error": CredentialsRefused,
    "billing_error": QuotaExhausted,
    "rate_limit_error": RateLimited,
    "overloaded_error": Overloaded,
    "not_found_error": ModelMissing,
    "invalid_request_error": RequestRefused,
    "request_too_large": ContextTooLong,
    "timeout_error": ModelFaulty,
    "api_error": ModelFaulty,
    "conflict_error": ModelFaulty,
}
BY_STATUS: dict[int, type[ModelError]] = {
    401: CredentialsRefused,
    402: QuotaExhausted,
    403: CredentialsRefused,
    404: ModelMissing,
    408: ModelFaulty,
    409: ModelFaulty,
    413: ContextTooLong,
    429: RateLimited,
    499: ModelFaulty,
    529: Overloaded,
}
# Two causes that have no code of their own and are known by their message.
BY_MESSAGE: tuple[tuple[re.Pattern[str], type[ModelError]], ...] = (
    (re.compile(r"prompt is too long|exceeds? (the )?(model'?s )?context", re.IGNORECASE), ContextTooLong),
    (re.compile(r"credit balance is too low", re.IGNORECASE), QuotaExhausted),
)

CURES: dict[type[ModelError], str] = {
    QuotaExhausted: "the account's spending limit is reached; raise it in the console, then continue the run",
    CredentialsRefused: "the API refused the key (`mnemosyne doctor` says where it is); change it, then continue",
    ModelMissing: "there is no such model at this address; choose another with --model or check ANTHROPIC_BASE_URL",
    ContextTooLong: "the prompt does not fit into the model's context; shorten the inputs or choose a larger model",
}


class Complaint(NamedTuple):
    """What the API said went wrong, over HTTP or in the middle of a stream."""

    status: int
    message: str
    type: str | None = None
    code: str | None = None
    request_id: str | None = None
    wait: Wait | None = None
    limits: RateLimits | None = None


def redactor(key: str | None) -> Redact:
    """A function that takes this key, everything shaped like one and logins in addresses out of a text."""
    return Redactor(key or "")


def head(text: str, redact: Redact) -> str:
    """The beginning of a foreign text as one redacted line."""
    line = " ".join(redact(text[:SCANNED]).split())
    return line if len(line) <= HEAD else line[: HEAD - 1] + "…"


def own_error(error: Exception, model: str, redact: Redact) -> ModelError:
    """The error of ours for anything that the SDK or what is under it raised."""
    status = getattr(error, "status_code", None)
    if isinstance(status, int) and status not in range(200, 300):
        return from_complaint(_from_sdk(error, status), model, redact)
    cause = error.__cause__ or error
    faulty = ModelFaulty(
        f"{model}: the answer did not arrive whole: {head(f'{type(cause).__name__}: {cause}', redact)}"
    )
    faulty.lost = not any(type(one).__name__.startswith(NEVER_SENT) for one in _chain(error))
    return faulty


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def from_event(data: Any, model: str, redact: Redact) -> ModelError:
    """The error of ours for the error event of a stream."""
    said = _mapping(_mapping(data).get("error"))
    code = _mapping(said.get("details")).get("error_code")
    request_id = _mapping(data).get("request_id")
    complaint = Complaint(200, _text(said.get("message")) or str(data), _text(said.get("type")), _text(code))
    return from_complaint(complaint._replace(request_id=_text(request_id)), model, redact)


def from_complaint(complaint: Complaint, model: str, redact: Redact) -> ModelError:
    """The error of ours for what the API said."""
    kind = _kind(complaint)
    told = f"{model}: {complaint.status} {complaint.type or 'without a type'}: {head(complaint.message, redact)}"
    if complaint.wait:
        told += f"; {complaint.wait.told}"
    if complaint.request_id:
        told += f"; request {head(complaint.request_id, redact)}"
    error = kind(f"{CURES[kind]} ({told})" if kind in CURES else told)
    error.retry_after_s = complaint.wait.seconds if complaint.wait else None
    error.limits = complaint.limits
    return error


def _kind(complaint: Complaint) -> type[ModelError]:
    kind = BY_CODE.get(complaint.code or "") or BY_TYPE.get(complaint.type or "") or BY_STATUS.get(complaint.status)
    if kind is None:
        kind = RequestRefused if complaint.status in range(400, 500) else ModelFaulty
    if kind is RequestRefused:
        return next((known for pattern, known in BY_MESSAGE if pattern.search(complaint.message)), kind)
    return kind


def _from_sdk(error: Any, status: int) -> Complaint:
    headers = _mapping(getattr(getattr(error, "response", None), "headers", None))
    now = datetime.now(UTC)
    return Complaint(
        status,
        _text(getattr(error, "api_message", None)) or str(error),
        _text(getattr(error, "type", None)),
        _text(getattr(error, "error_code", None)),
        _text(getattr(error, "request_id", None)),
        read_wait(headers, now),
        read_limits(headers, now),
    )


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None

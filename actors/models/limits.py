"""What the headers of an answer say about the pace: rate limits, and how long to wait. Nothing absurd gets through."""

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import NamedTuple

from actors.work import Frozen

PREFIX = "anthropic-ratelimit-"

LONGEST_S = 3600.0
"""Limits are refilled within minutes; a longer wait than this is taken for a mistake and cut to it."""


class Limit(Frozen):
    """One of the limits, as far as it was told."""

    limit: int | None = None
    remaining: int | None = None
    reset_s: float | None = None
    """Seconds from the answer until all of it is there again."""


class RateLimits(Frozen):
    """What an answer says about the limits of its model; None where it says nothing."""

    requests: Limit | None = None
    input_tokens: Limit | None = None
    output_tokens: Limit | None = None


class Wait(NamedTuple):
    """How long the API asks to wait."""

    seconds: float
    told: str
    """For people; says so if the time was cut."""


def read_limits(headers: Mapping[str, str], now: datetime) -> RateLimits | None:
    """The limits in the headers; None if there are none. `now` counts where the answer has no date of its own."""
    at = _moment(headers.get("date")) or now
    kinds = {field: _limit(headers, field.replace("_", "-"), at) for field in RateLimits.model_fields}
    return RateLimits(**kinds) if any(kinds.values()) else None


def _limit(headers: Mapping[str, str], kind: str, at: datetime) -> Limit | None:
    limit, left = (_count(headers.get(f"{PREFIX}{kind}-{what}")) for what in ("limit", "remaining"))
    reset = _moment(headers.get(f"{PREFIX}{kind}-reset"))
    reset_s = None if reset is None else min(max((reset - at).total_seconds(), 0.0), LONGEST_S)
    told = Limit(limit=limit, remaining=left, reset_s=reset_s)
    return None if told == Limit() else told


def read_wait(headers: Mapping[str, str], now: datetime) -> Wait | None:
    """What `retry-after-ms` or `retry-after` (seconds or a date) asks for; None if nothing that makes sense."""
    for name, unit_s in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        said = headers.get(name)
        seconds = _number(said)
        if seconds is not None:
            return _wait(seconds * unit_s)
    moment = _moment(headers.get("retry-after"))
    return _wait((moment - (_moment(headers.get("date")) or now)).total_seconds()) if moment else None


def _wait(seconds: float) -> Wait | None:
    if seconds < 0:
        return None
    if seconds <= LONGEST_S:
        return Wait(seconds, f"retry after {seconds:.6g} s")
    return Wait(LONGEST_S, f"retry after {seconds:.6g} s, which is taken for {LONGEST_S:g} s")


def _number(text: str | None) -> float | None:
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _count(text: str | None) -> int | None:
    number = _number(text)
    return None if number is None or number < 0 else int(number)


def _moment(text: str | None) -> datetime | None:
    """A time as RFC 3339 or as HTTP writes it."""
    for read in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            moment = read(text or "")
            return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        except (ValueError, OverflowError):
            continue
    return None

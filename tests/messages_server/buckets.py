"""Token buckets as the API has them: requests, input tokens and output tokens per minute, refilled all the time.

Cache reads do not count against input tokens. Output counts when it is written, so that bucket can be overdrawn by
what was in flight; the next call is refused until it is above zero again.
"""

import math
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from pydantic import PositiveFloat, PositiveInt

from actors.work import Frozen

NAMES = {"requests": "requests", "input_tokens": "input tokens", "output_tokens": "output tokens"}
"""Every bucket, and how a refusal calls it."""


class Limits(Frozen):
    """Limits of one model per minute; None: no such limit."""

    requests: PositiveInt | None = None
    input_tokens: PositiveInt | None = None
    output_tokens: PositiveInt | None = None
    minute_s: PositiveFloat = 60.0
    """Seconds that play a minute, so that tests need not wait for real ones."""
    burst: PositiveFloat = 1.0
    """Capacity of a bucket as a share of its limit; small: 60 a minute act as 1 a second."""
    rounded_to: PositiveInt = 1000
    """The headers tell the tokens that remain in multiples of this, as the API's do."""


class Bucket:
    """Holds up to `capacity` and gains `per_s` every second. Times are seconds of any clock that goes forward."""

    def __init__(self, limit: int, limits: Limits, now: float) -> None:
        self.limit, self.capacity, self.per_s = limit, limit * limits.burst, limit / limits.minute_s
        self._level, self._at = self.capacity, now

    def level(self, now: float) -> float:
        """What it holds; below zero if it was overdrawn."""
        self._level = min(self.capacity, self._level + (now - self._at) * self.per_s)
        self._at = now
        return self._level

    def draw(self, amount: float, now: float) -> None:
        """Take so much, also more than there is."""
        self._level = self.level(now) - amount

    def wait_s(self, amount: float, now: float) -> float:
        """Until it holds so much; 0 if it does."""
        return max(0.0, amount - self.level(now)) / self.per_s


class Short(NamedTuple):
    """The bucket that holds too little."""

    bucket: str
    limit: int
    by: float
    wait_s: float


class Buckets:
    """All buckets of one model."""

    def __init__(self, limits: Limits, now: float) -> None:
        self._limits = limits
        told = ((name, getattr(limits, name)) for name in NAMES)
        self._buckets = {name: Bucket(limit, limits, now) for name, limit in told if limit is not None}

    def admit(self, input_tokens: int, now: float) -> Short | None:
        """Draw one request and its input, or nothing at all if one bucket holds too little."""
        # An output bucket that is exactly empty lets nothing through either.
        needs = {"requests": 1.0, "input_tokens": float(input_tokens), "output_tokens": 1e-9}
        short = [
            Short(name, bucket.limit, needs[name] - bucket.level(now), bucket.wait_s(needs[name], now))
            for name, bucket in self._buckets.items()
            if bucket.level(now) < needs[name]
        ]
        if short:
            return max(short, key=lambda one: one.wait_s)
        for name in ("requests", "input_tokens"):
            if name in self._buckets:
                self._buckets[name].draw(needs[name], now)
        return None

    def written(self, output_tokens: int, now: float) -> float:
        """Draw output; by how much its bucket is overdrawn now."""
        bucket = self._buckets.get("output_tokens")
        if bucket is None:
            return 0.0
        bucket.draw(output_tokens, now)
        return max(0.0, -bucket.level(now))

    def headers(self, now: float, wall: datetime | None = None) -> dict[str, str]:
        """What the API tells about every bucket, and about tokens as a whole: the one with the least left."""
        wall = wall or datetime.now(UTC)
        told = {name.replace("_", "-"): self._told(name, now, wall) for name in self._buckets}
        tokens = [told[name] for name in ("input-tokens", "output-tokens") if name in told]
        if tokens:
            told["tokens"] = min(tokens, key=lambda one: int(one["remaining"]))
        return {
            f"anthropic-ratelimit-{name}-{what}": text for name, texts in told.items() for what, text in texts.items()
        }

    def _told(self, name: str, now: float, wall: datetime) -> dict[str, str]:
        bucket = self._buckets[name]
        step = 1 if name == "requests" else self._limits.rounded_to
        remaining = max(0, math.floor(bucket.level(now)))
        full = wall + timedelta(seconds=bucket.wait_s(bucket.capacity, now))
        return {
            "limit": str(bucket.limit),
            "remaining": str(round(remaining / step) * step),
            "reset": rfc3339(full),
        }


def rfc3339(when: datetime) -> str:
    """In whole seconds, rounded up: earlier would be a lie."""
    if when.microsecond:
        when = when.replace(microsecond=0) + timedelta(seconds=1)
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")


def retry_after(short: Short) -> str:
    """Whole seconds, at least one."""
    return str(max(1, math.ceil(short.wait_s)))


def refusal(short: Short, model: str) -> str:
    """In the words of the API."""
    return (
        f"This request would exceed your organization's rate limit of {short.limit:,} {NAMES[short.bucket]} per minute "
        f"(org: 00000000-0000-0000-0000-000000000000, model: {model}). You can see the response headers for current "
        "usage. Please reduce the prompt length or the maximum tokens requested, or try again later."
    )


def by_model(limits: Mapping[str, Limits], model: str) -> Limits | None:
    """The limits of a model, or those of `*`."""
    return limits.get(model) or limits.get("*")


def as_json(overdrawn: Mapping[str, float]) -> dict[str, Any]:
    """For people: rounded."""
    return {name: round(amount, 3) for name, amount in overdrawn.items()}

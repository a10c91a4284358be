"""One call, what it may use of the account, and the way to answer it."""

import json
import re
from collections.abc import Awaitable, Callable, Mapping
from functools import cached_property
from typing import Any, NamedTuple

from tests.messages_server.buckets import Buckets, Limits, Short, by_model
from tests.messages_server.caching import Cache, Split
from tests.messages_server.latency import Latency
from tests.messages_server.ledger import Ledger
from tests.messages_server.messages import usage
from tests.messages_server.stream import dumps
from tests.messages_server.tokens import count
from tests.messages_server.wire import Wire

ITEM = re.compile(r"\[item:([^\]\s]+)\]")
"""A prompt that holds this tag is counted under it."""


class Call:
    """One request as it came. `number` counts from 1."""

    def __init__(self, number: int, headers: Mapping[str, str], raw: bytes) -> None:
        self.number, self.headers, self._raw = number, headers, raw
        self.body: dict[str, Any] = {}
        self.mistake: str | None = None
        """What is wrong with its body, if that is no JSON object."""
        try:
            self.body |= json.loads(raw)
        except (ValueError, TypeError) as error:
            self.mistake = f"the request body is not a JSON object: {error}"

    @cached_property
    def prompt(self) -> str:
        """Its messages as one text."""
        return dumps(self.body.get("messages"))

    @property
    def digest(self) -> int:
        """The same for the same body."""
        return hash(self._raw)

    @property
    def is_streamed(self) -> bool:
        """Whether the answer shall come as events."""
        return self.body.get("stream") is True


class Account:
    """What an organization has: limits, a cache, and a bill. `clock` gives seconds."""

    def __init__(self, limits: Mapping[str, Limits], counted: bool, clock: Callable[[], float]) -> None:
        self.ledger = Ledger()
        self.counted, self._clock = counted, clock
        self._cache = Cache(min((limit.minute_s for limit in limits.values()), default=60.0))
        self.limit(limits)

    def limit(self, limits: Mapping[str, Limits]) -> None:
        """These hold from now on, and their buckets are full."""
        self._limits, self._buckets = limits, dict[str, Buckets | None]()

    def meter(self, call: Call, whole: dict[str, Any]) -> tuple[dict[str, Any], Split]:
        """The message with its usage: as it says, or counted."""
        if not self.counted or "usage" not in whole:
            return whole, Split(0, 0, 0)
        split = self._cache.look(call.body, self._clock())
        told = usage(split.read, split.written, split.fresh, max(1, count(whole.get("content"))))
        return {**whole, "usage": told}, split

    def admit(self, model: str, told: dict[str, Any]) -> Short | None:
        """Draw the input of a call from the buckets of its model, or say what it would exceed."""
        buckets = self._of(model)
        uncached = (told.get("input_tokens") or 0) + (told.get("cache_creation_input_tokens") or 0)
        short = buckets.admit(uncached, self._clock()) if buckets else None
        if short:
            self.ledger.limited += 1
            self.ledger.over(short.bucket, short.by)
        return short

    def bill(self, model: str, told: dict[str, Any], split: Split) -> None:
        """The answer begins: its output is drawn, its prefix cached, its usage billed."""
        now = self._clock()
        self._cache.keep(split, now)
        self.ledger.spent(told)
        if buckets := self._of(model):
            over = buckets.written(told.get("output_tokens") or 0, now)
            if over:
                self.ledger.over("output_tokens", over)

    def headers(self, model: str) -> dict[str, str]:
        """What every answer tells about the limits."""
        buckets = self._of(model)
        return buckets.headers(self._clock()) if buckets else {}

    def _of(self, model: str) -> Buckets | None:
        if model not in self._buckets:
            limits = by_model(self._limits, model)
            self._buckets[model] = Buckets(limits, self._clock()) if limits else None
        return self._buckets[model]


class Exchange(NamedTuple):
    """What a turn gets."""

    wire: Wire
    call: Call
    account: Account
    latency: Latency


Turn = Callable[[Exchange], Awaitable[None]]
"""What happens to one call."""

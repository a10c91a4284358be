"""What the server was asked and what it gave, counted exactly: tests measure their promises here."""

import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Ledger:
    """Calls are POSTs to /v1/messages. `accepted`: answered with status 200, and so billed, whole or broken off."""

    requests: int = 0
    accepted: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    """Answers by status; a connection that broke before its answer has none."""
    limited: int = 0
    """Calls that a bucket refused; played 429s are not among them."""
    overdrawn: dict[str, float] = field(default_factory=dict)
    """By bucket: the most that a call asked for beyond what it held."""
    played: Counter[str] = field(default_factory=Counter)
    """Faults by name."""
    items: Counter[str] = field(default_factory=Counter)
    """Calls by the tag of their prompt."""
    paid: Counter[int] = field(default_factory=Counter)
    """Accepted calls by the digest of their whole body."""
    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    in_flight: int = 0
    peak: int = 0
    """The most that were in flight at once."""
    gone: int = 0
    """Calls whose client went away before their answer was whole."""

    @property
    def paid_twice(self) -> int:
        """Accepted calls beyond the first with the very same body."""
        return sum(count - 1 for count in self.paid.values())

    def arrived(self) -> int:
        """A call has come; its number, from 1."""
        self.requests += 1
        self.in_flight += 1
        self.peak = max(self.peak, self.in_flight)
        return self.requests

    def answered(self, status: int, digest: int) -> None:
        """The head of an answer goes out."""
        self.statuses[status] += 1
        if status == 200:
            self.accepted += 1
            self.paid[digest] += 1

    def spent(self, usage: dict[str, Any]) -> None:
        """A message tells this usage."""
        self.input_tokens += usage.get("input_tokens") or 0
        self.output_tokens += usage.get("output_tokens") or 0
        self.cache_read_tokens += usage.get("cache_read_input_tokens") or 0
        self.cache_write_tokens += usage.get("cache_creation_input_tokens") or 0

    def over(self, bucket: str, amount: float) -> None:
        """A bucket held less than was asked for, by so much."""
        self.overdrawn[bucket] = max(amount, self.overdrawn.get(bucket, 0.0))

    def told(self) -> dict[str, Any]:
        """Everything as JSON, with the CPU seconds of this process."""
        fields = {name: value for name, value in vars(self).items() if name != "paid"}
        return {**fields, "paid": len(self.paid), "paid_twice": self.paid_twice, "cpu_s": time.process_time()}

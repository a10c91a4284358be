"""What was used, summed: tokens, money, calls and waits, of an item, an agent, a model or a run."""

from collections.abc import Iterable, Sequence
from typing import Any

from actors.journal.turns import TurnDone
from actors.vocabulary.review import Ended
from actors.work import Effort, Failure, FailureKind, Grows, Lost, Result, Usage

UNBILLED = frozenset(
    {
        FailureKind.RATE_LIMITED,
        FailureKind.OVERLOADED,
        FailureKind.QUOTA,
        FailureKind.BUDGET,
        FailureKind.CREDENTIALS,
        FailureKind.NO_MODEL,
        FailureKind.CONTEXT_TOO_LONG,
        FailureKind.BAD_REQUEST,
    }
)
"""Failures with which a model declines before it writes a token: they cost nothing."""


class Spent:
    """Grows by `add`. Plain numbers: a long journal adds very many of them."""

    __slots__ = (
        *("backoff_s", "calls", "cost_usd", "estimated_tokens", "estimated_usd"),
        *("limit_s", "permit_s", "retries", "tokens"),
    )

    def __init__(self) -> None:
        self.tokens = [0, 0, 0, 0]
        """Input, output, read from the cache, written to it."""
        self.cost_usd: float | None = 0.0
        """None as soon as one used price is unknown."""
        self.estimated_usd = 0.0
        """The part of it that is an upper bound of what lost calls may cost."""
        self.estimated_tokens = 0
        """Of lost calls, at most; `tokens` has them not."""
        self.calls, self.retries = 0, 0
        self.permit_s, self.limit_s, self.backoff_s = 0.0, 0.0, 0.0

    def add(self, more: Result | Failure | Grows | Ended | TurnDone) -> None:
        """Add what an attempt or a turn used."""
        used, effort = more.usage, more.effort
        self._add(
            (used.input_tokens, used.output_tokens, used.cache_read_tokens, used.cache_write_tokens),
            _cost(more),
            more.estimated_usd,
            more.estimated_tokens,
        )
        self._took(effort)

    def lost(self, outcome: Lost) -> None:
        """What is known is counted; up to what was reserved for the attempt, the rest is an estimate."""
        if outcome.reserved and outcome.reserved.usd is not None and self.cost_usd is not None:
            rest = max(outcome.reserved.usd - self.cost_usd, 0.0)
            self.cost_usd += rest
            self.estimated_usd += rest
        if outcome.reserved and outcome.reserved.tokens is not None:
            known = self.usage.total + self.estimated_tokens
            self.estimated_tokens += max(outcome.reserved.tokens - known, 0)

    def join(self, more: "Spent") -> None:
        """Add another sum."""
        self._add(more.tokens, more.cost_usd, more.estimated_usd, more.estimated_tokens)
        self._took(more)

    def _add(self, tokens: Sequence[int], dollars: float | None, estimated_usd: float, estimated_tokens: int) -> None:
        self.tokens = [one + other for one, other in zip(self.tokens, tokens, strict=True)]
        self.cost_usd = None if self.cost_usd is None or dollars is None else self.cost_usd + dollars
        self.estimated_usd += estimated_usd
        self.estimated_tokens += estimated_tokens

    def _took(self, more: "Effort | Spent") -> None:
        self.calls += more.calls
        self.retries += more.retries
        self.permit_s += more.permit_s
        self.limit_s += more.limit_s
        self.backoff_s += more.backoff_s

    @property
    def usage(self) -> Usage:
        """Its tokens."""
        read, written, cached, cache = self.tokens
        return Usage(input_tokens=read, output_tokens=written, cache_read_tokens=cached, cache_write_tokens=cache)

    @property
    def cached(self) -> float | None:
        """The share of the prompts' tokens that was read from the cache; None without a prompt."""
        fresh, _, read, written = self.tokens
        prompts = fresh + read + written
        return read / prompts if prompts else None

    @property
    def waited_s(self) -> float:
        """Seconds of waiting, whatever for."""
        return self.permit_s + self.limit_s + self.backoff_s

    def to_json(self) -> dict[str, Any]:
        """For machines."""
        effort = {name: getattr(self, name) for name in ("calls", "retries", "permit_s", "limit_s", "backoff_s")}
        names = ("cost_usd", "estimated_usd", "estimated_tokens")
        return {"usage": self.usage.model_dump(), **{name: getattr(self, name) for name in names}, "effort": effort}


def total(parts: Iterable[Spent]) -> Spent:
    """Their sum."""
    whole = Spent()
    for part in parts:
        whole.join(part)
    return whole


def _cost(of: Result | Failure | Grows | Ended | TurnDone) -> float | None:
    """US dollars; None when a token may have been paid for whose price, or number, nobody knows."""
    if isinstance(of, Failure) and of.reason in UNBILLED and of.usage == Usage():
        return 0.0
    return of.cost_usd

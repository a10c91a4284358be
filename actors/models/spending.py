"""What the calls of one attempt used, as it becomes known; a call whose end never came counts as an estimate."""

from collections.abc import Sequence
from math import inf
from typing import Any, NamedTuple

from actors.errors import BudgetExhausted, ModelError
from actors.models.estimate import most
from actors.models.port import Reply, Request
from actors.models.pricing import cost_usd
from actors.work import Effort, Reservation, Usage


class Spent(NamedTuple):
    """One entry."""

    usage: Usage = Usage()
    """As far as the API told it."""
    cost_usd: float | None = 0.0
    """None if the price is unknown."""
    estimated_usd: float = 0.0
    """The part of it that is an upper bound of what a lost call may cost."""
    estimated_tokens: int = 0
    """What lost calls may have used beyond `usage`."""
    effort: Effort = Effort()


CALL = Effort(calls=1)

ROUNDING = 1e-9
"""Sums of dollars are not exact."""


class Spending:
    """The entries of an attempt: every call is priced by itself, because long prompts have prices of their own."""

    def __init__(self, allowance: Reservation | None = None) -> None:
        self._allowance = allowance
        self._entries: list[Spent] = []
        self._turn = 0  # where the turn begins that is not on disk

    @property
    def sum(self) -> Spent:
        """Of the attempt so far."""
        return _sum(self._entries)

    def told(self, *, since_turn: bool = False) -> dict[str, Any]:
        """The fields of an outcome, or of the turn since the last one that was recorded."""
        return _sum(self._entries[self._turn :] if since_turn else self._entries)._asdict()

    def turn_recorded(self) -> None:
        """What was told of the turn is on disk; another begins."""
        self._turn = len(self._entries)

    def check(self, request: Request) -> None:
        """Raises BudgetExhausted if what this call may take, after what was used, is more than the attempt may use."""
        if self._allowance is None:
            return
        used, bound, allowed = self.sum, most(request), self._allowance
        known = bound.usd is not None and used.cost_usd is not None
        usd = (bound.usd or 0.0) + (used.cost_usd or 0.0) if known else inf
        tokens = (bound.tokens or 0) + used.usage.total + used.estimated_tokens
        if usd > _cap(allowed.usd) or tokens > _cap(allowed.tokens):
            raise _too_dear(request, bound)

    def answered(self, reply: Reply) -> None:
        """A call was answered."""
        self._entries.append(Spent(reply.usage, cost_usd(reply.model, reply.usage), effort=CALL))

    def failed(self, request: Request, error: ModelError) -> None:
        """A call failed; what it told of its usage is counted, and more if it may be billed for more."""
        if error.lost:
            self._lost(request, error.usage)
        else:
            self._entries.append(Spent(error.usage, cost_usd(request.model, error.usage), effort=CALL))

    def given_up(self, request: Request) -> None:
        """A call was cancelled on its way."""
        self._lost(request, Usage())

    def took(self, effort: Effort) -> None:
        """Something beside tokens."""
        self._entries.append(Spent(effort=effort))

    def _lost(self, request: Request, told: Usage) -> None:
        known, bound = cost_usd(request.model, told), most(request)
        tokens = max((bound.tokens or 0) - told.total, 0)
        if known is None or bound.usd is None:
            self._entries.append(Spent(told, None, 0.0, tokens, CALL))
        else:
            usd = max(bound.usd - known, 0.0)
            self._entries.append(Spent(told, known + usd, usd, tokens, CALL))


def _cap(allowed: float | None) -> float:
    return inf if allowed is None else allowed * (1 + ROUNDING)


def _too_dear(request: Request, bound: Reservation) -> BudgetExhausted:
    price = "" if bound.usd is None else f" and ${bound.usd:.4g}"
    error = BudgetExhausted(
        f"a call to {request.model} may take up to {bound.tokens} tokens{price}, more than is left for this attempt"
    )
    error.needs = bound
    return error


def _sum(entries: Sequence[Spent]) -> Spent:
    if len(entries) == 1:
        return entries[0]
    total = Spent()
    for entry in entries:
        known = total.cost_usd is not None and entry.cost_usd is not None
        total = Spent(
            total.usage + entry.usage,
            (total.cost_usd or 0.0) + (entry.cost_usd or 0.0) if known else None,
            total.estimated_usd + entry.estimated_usd,
            total.estimated_tokens + entry.estimated_tokens,
            total.effort + entry.effort,
        )
    return total

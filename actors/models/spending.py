"""What the calls of one attempt used, as it becomes known; a call whose end never came counts as an estimate."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from actors.errors import ModelError
from actors.models.estimate import estimate
from actors.models.port import Reply, Request
from actors.models.pricing import cost_usd
from actors.work import Effort, Usage


class Spent(NamedTuple):
    """One entry."""

    usage: Usage = Usage()
    """As far as the API told it."""
    cost_usd: float | None = 0.0
    """None if the price is unknown."""
    estimated_usd: float = 0.0
    """The part of it that is an upper bound of what a lost call may cost."""
    effort: Effort = Effort()


CALL = Effort(calls=1)


class Spending:
    """The entries of an attempt: every call is priced by itself, because long prompts have prices of their own."""

    def __init__(self) -> None:
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
        known, bound = cost_usd(request.model, told), cost_usd(request.model, estimate(request))
        if known is None or bound is None:
            self._entries.append(Spent(told, None, effort=CALL))
        else:
            self._entries.append(Spent(told, max(bound, known), max(bound - known, 0.0), CALL))


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
            total.effort + entry.effort,
        )
    return total

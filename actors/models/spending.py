"""What the calls of one attempt used, as it becomes known; a call whose end never came counts as an estimate."""

from typing import Any

from actors.errors import ModelError
from actors.models.estimate import estimate
from actors.models.port import Reply, Request
from actors.models.pricing import cost_usd
from actors.work import Effort, Usage


class Spending:
    """Sums: every call is priced by itself, because long prompts have prices of their own."""

    def __init__(self) -> None:
        self.usage = Usage()
        """As far as the API told it."""
        self.cost_usd: float | None = 0.0
        """None as soon as a price is unknown."""
        self.estimated_usd = 0.0
        """The part of it that is an upper bound of what lost calls may cost."""
        self.effort = Effort()

    def answered(self, reply: Reply) -> None:
        """A call was answered."""
        self._count(reply.model, reply.usage)

    def failed(self, request: Request, error: ModelError) -> None:
        """A call failed; what it told of its usage is counted, and more if it may be billed for more."""
        self._count(request.model, error.usage)
        if error.lost:
            self._count_lost(request, error.usage)

    def given_up(self, request: Request) -> None:
        """A call was cancelled on its way."""
        self._count(request.model, Usage())
        self._count_lost(request, Usage())

    def told(self) -> dict[str, Any]:
        """The fields of an outcome."""
        return {name: getattr(self, name) for name in ("usage", "cost_usd", "estimated_usd", "effort")}

    def took(self, effort: Effort) -> None:
        """Something beside tokens."""
        self.effort += effort

    def _count(self, model: str, usage: Usage) -> None:
        self.usage += usage
        self.effort += Effort(calls=1)
        self._charge(cost_usd(model, usage))

    def _count_lost(self, request: Request, told: Usage) -> None:
        bound, known = cost_usd(request.model, estimate(request)), cost_usd(request.model, told)
        rest = None if bound is None or known is None else max(bound - known, 0.0)
        self._charge(rest)
        self.estimated_usd += rest or 0.0

    def _charge(self, dollars: float | None) -> None:
        self.cost_usd = None if self.cost_usd is None or dollars is None else self.cost_usd + dollars

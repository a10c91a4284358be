"""The enumerated mode: something happens right before or right after the n-th commit, and nothing else goes wrong."""

from collections.abc import Callable
from enum import StrEnum

from actors.errors import StoreError


class Strike(StrEnum):
    """What happens."""

    FAIL_BEFORE = "fail-before"
    FAIL_AFTER = "fail-after"
    DRIVER_BEFORE = "driver-before"
    DRIVER_AFTER = "driver-after"
    AGENTS_BEFORE = "agents-before"
    AGENTS_AFTER = "agents-after"
    STORE_BEFORE = "store-before"
    STORE_AFTER = "store-after"


class Strikes:
    """At most one strike, at commit `number`."""

    def __init__(self, strike: Strike | None = None, number: int = 0) -> None:
        self._strike, self._number = strike, number
        self.kill: Callable[[str], None] = lambda _: None
        """Ends the processes of a kind: driver, agents or store."""

    def before(self, number: int) -> Exception | None:
        """See servers.Strike."""
        return self._hit(number, "before", "the commit was refused; nothing of it was written")

    def after(self, number: int) -> Exception | None:
        """See servers.Strike."""
        return self._hit(number, "after", "the commit's answer was lost; it may or may not be written")

    def _hit(self, number: int, moment: str, told: str) -> Exception | None:
        if self._strike is None or number != self._number:
            return None
        kind, when = self._strike.value.split("-")
        if when != moment:
            return None
        if kind != "fail":
            self.kill(kind)
            return None
        return StoreError(told)

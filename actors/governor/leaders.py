"""Calls whose prompts begin alike: the first writes that beginning into the API's prompt cache, the others wait for it.

A write costs a quarter more than the tokens themselves and a read a tenth (prices of the Messages API), and what is
written can be read from the first token of the answer on. So N calls at once cost 1.25 + (N - 1) * 0.1 beginnings and
not N * 1.25.
"""

from collections.abc import Iterator

from actors.governor.needs import Need

WARM_S = 240.0
"""The API keeps a beginning for 300 s from its last use; a call takes some of that to arrive."""

LEAD_S = 30.0
"""The others wait for a leader's first token so long at most."""

MANY = 1_000
"""With so many prefixes, those that have gone cold are forgotten."""


class Leaders:
    """Of one model's calls. Times are those of the governor."""

    def __init__(self) -> None:
        self._leading: dict[str, tuple[str, float]] = {}
        """The call that writes, and since when, by prefix."""
        self._used: dict[str, float] = {}
        """When a prefix was written or read last."""

    def must_wait(self, need: Need, now: float) -> bool:
        """Whether another call is about to write what this one could read."""
        return bool(need.prefix) and need.prefix in self._leading and not self._is_warm(need.prefix, now)

    def granted(self, need: Need, now: float) -> bool:
        """Whether the call leads."""
        if not need.prefix or self._is_warm(need.prefix, now):
            return False
        self._leading[need.prefix] = (need.id, now)
        return True

    def began(self, need: Need, now: float) -> None:
        """The call was answered, at least in part, whether it led or not: nobody has to wait any more."""
        self._leading.pop(need.prefix, None)
        self._used[need.prefix] = now
        if len(self._used) > MANY:
            self._used = {prefix: at for prefix, at in self._used.items() if now - at < WARM_S}

    def ended(self, need: Need) -> bool:
        """The call is over; whether it led, so that another one may have to."""
        if self._leading.get(need.prefix, ("", 0.0))[0] != need.id:
            return False
        del self._leading[need.prefix]
        return True

    def late(self, now: float) -> Iterator[str]:
        """Prefixes whose leaders have not begun in time; they lead no more."""
        for prefix, (_, since) in list(self._leading.items()):
            if now - since > LEAD_S:
                del self._leading[prefix]
                yield prefix

    def _is_warm(self, prefix: str, now: float) -> bool:
        return now - self._used.get(prefix, -WARM_S) < WARM_S

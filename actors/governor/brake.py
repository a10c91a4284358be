"""What a 429 or 529 does to everybody who calls that model: a hold, then fewer calls at once, then slowly more."""

import math
from random import Random

RETRY_AFTER_MAX_S = 300.0
"""Longer is asked again after this: an API that says a day may mean it, and may not."""

BACKOFF_BASE_S = 1.0
BACKOFF_MAX_S = 60.0
"""Where no retry-after is told: doubles with every refusal in a row, the upper half of it at random."""


class Brake:
    """Additive increase, multiplicative decrease of the calls in flight; unbounded before the first refusal."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self.window = math.inf
        self.until = 0.0
        """Nothing is granted before."""
        self.asked_s: float | None = None
        """What the last refusal asked for, also if it is more than what is waited."""
        self.refusals = 0
        self._cut_at = -math.inf
        self._strikes = 0

    def refused(self, retry_after_s: float | None, granted_at: float, in_flight: int, now: float) -> None:
        """A call was refused. Those that were under way when the last one was count once."""
        self.until = max(self.until, now + self._hold_s(retry_after_s))
        self.asked_s = retry_after_s
        self.refusals += 1
        if granted_at > self._cut_at:
            self.window = max(1.0, min(self.window, in_flight) / 2)
            self._cut_at = now
            self._strikes += 1

    def answered(self, granted_at: float, in_flight: int) -> None:
        """A call was answered."""
        if granted_at > self._cut_at:
            self._strikes = 0
            if in_flight * 2 >= self.window:  # else nobody knows whether more would do
                self.window += 1 / self.window

    def _hold_s(self, retry_after_s: float | None) -> float:
        if retry_after_s is not None:
            return min(max(0.0, retry_after_s), RETRY_AFTER_MAX_S)
        longest = min(BACKOFF_MAX_S, BACKOFF_BASE_S * 2.0 ** min(self._strikes, 10))
        return longest * (1 + self._random.random()) / 2

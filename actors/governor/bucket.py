"""One limit of a model as a bucket: fills at the limit's rate, is charged when a permit is granted.

The server keeps the real bucket. Ours stays under it by half of the burst: between a grant and the arrival of its call
the server's may be full and lose what it is refilled with while ours counts it, and calls are charged by estimate.
"""

from typing import NamedTuple

from actors.governor.needs import Window

PLANNED = 0.5
"""Share of the server's bucket that is planned with (docs/decisions/0004-half-the-burst.md)."""

FIRST_BURST_S = 1.0
"""What a bucket is taken to hold before a reply told more: some APIs allow 60 a minute as one a second."""

MINUTE = 60.0


class Unseen(NamedTuple):
    """What was charged here and may not have been at the server when it told of its bucket."""

    least: float
    most: float


class Bucket:
    """Begins empty. Without a limit it lets everything through. Amounts are requests or tokens, times seconds."""

    def __init__(self, ceiling: float | None, now: float) -> None:
        """`ceiling`: a person's own limit per minute, which what the replies tell can only lower."""
        self._ceiling = ceiling
        self.charged = 0.0
        """In all, as far as it is known by now."""
        self.given = 0.0
        """In all, each call at the most that it was ever taken for."""
        self.rate = ceiling / MINUTE if ceiling else 0.0
        """Per second; 0: no limit is known."""
        self._burst = self.rate * FIRST_BURST_S
        self._level, self._at = 0.0, now
        self._wanted = 0.0  # by the call that is next, if that is more than is planned with

    @property
    def planned(self) -> float:
        """The most that is given out at once."""
        return self._burst * PLANNED

    @property
    def _full(self) -> float:
        return max(self.planned, self._wanted)

    def level(self, now: float) -> float:
        """What may be given out now; negative after a call that took more than was there."""
        if now > self._at:
            self._level = min(self._full, self._level + (now - self._at) * self.rate)
            self._at = now
        return self._level

    def wait_s(self, amount: float, now: float) -> float:
        """Until so much may be given out. For a call that is more than planned with, the bucket fills further.

        One that is more than there ever is goes when the bucket is full.
        """
        if not self.rate:
            return 0.0
        level, self._wanted = self.level(now), min(amount, self._burst)
        return max(0.0, (self._wanted - level) / self.rate)

    def charge(self, amount: float, now: float) -> None:
        """Take so much out; a negative amount puts back."""
        self.charged += amount
        self.given += max(0.0, amount)
        if self.rate:
            self._level = min(self._full, self.level(now) - amount)

    def learn(self, told: Window, unseen: Unseen, since: float, now: float) -> None:
        """Believe a reply to a call that was granted at `since`.

        Ours is never more than the server's can be: what it told, everything refilled since. And never less than
        the server's is for certain, but for the half that is not planned with.
        """
        self.limit(told.limit, now)
        high, low = told.remaining + told.grain / 2, told.remaining - told.grain / 2
        self._burst = min(max(self._burst, low), self.rate * MINUTE)
        highest = high - unseen.least + max(0.0, now - since) * self.rate
        lowest = low - unseen.most - (self._burst - self.planned)
        self._level = min(self._full, max(min(self.level(now), highest), lowest))

    def limit(self, per_minute: float, now: float) -> None:
        """Believe that so much is allowed per minute."""
        if per_minute <= 0:
            return
        rate = min(per_minute, self._ceiling or per_minute) / MINUTE
        if rate == self.rate:
            return
        level = self.level(now)
        if self.rate:
            self._burst *= rate / self.rate
        else:
            self._burst, level, self._at = rate * FIRST_BURST_S, 0.0, now
        self.rate = rate
        self._level = min(level, self._full)

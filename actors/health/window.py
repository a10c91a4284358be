"""A sliding window over moments."""

from bisect import bisect_left, bisect_right, insort


class Window:
    """Counts the moments of the last `span_s` seconds, both ends included, as the period of OTP's supervisor does.

    Moments may come out of order. Those more than two spans before the newest are forgotten.
    """

    def __init__(self, span_s: float) -> None:
        self.span_s = span_s
        self._moments: list[float] = []

    def add(self, at: float) -> None:
        """Count this moment from now on."""
        insort(self._moments, at)
        del self._moments[: bisect_left(self._moments, self._moments[-1] - 2 * self.span_s)]

    def count(self, now: float) -> int:
        """How many moments lie within the window that ends now."""
        return bisect_right(self._moments, now) - bisect_left(self._moments, now - self.span_s)

    def clear(self) -> None:
        """Forget all."""
        self._moments.clear()

"""From the least to the most: calls to a model, tokens and dollars."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from actors.models.estimate import bound, reservation


class Range(NamedTuple):
    """Dollars are None if a price is unknown."""

    least_calls: int
    most_calls: int
    least_tokens: int
    most_tokens: int
    least_usd: float | None
    most_usd: float | None

    def plus(self, other: "Range") -> "Range":
        """The sum; unknown if a part is."""
        return Range(
            self.least_calls + other.least_calls,
            self.most_calls + other.most_calls,
            self.least_tokens + other.least_tokens,
            self.most_tokens + other.most_tokens,
            None if self.least_usd is None or other.least_usd is None else self.least_usd + other.least_usd,
            None if self.most_usd is None or other.most_usd is None else self.most_usd + other.most_usd,
        )

    def up_to(self, times: int) -> "Range":
        """Of one to so many."""
        usd = None if self.most_usd is None else self.most_usd * times
        return self._replace(most_calls=self.most_calls * times, most_tokens=self.most_tokens * times, most_usd=usd)

    def to_json(self) -> dict[str, Any]:
        """For machines."""
        calls, tokens = [self.least_calls, self.most_calls], [self.least_tokens, self.most_tokens]
        return {"calls": calls, "tokens": tokens, "usd": [self.least_usd, self.most_usd]}


NOTHING = Range(0, 0, 0, 0, 0.0, 0.0)


def of_calls(model: str, least: int | None, most: Sequence[int], max_tokens: int) -> Range:
    """Of calls with prompts of `most` characters that are answered in full, or of one of `least` and a word for answer.

    `least` is None if there may be no such call at all.
    """
    low = None if least is None else reservation(model, least, 1)
    high = [bound(model, characters, max_tokens) for characters in most]
    usd = [one.usd for one in high]
    return Range(
        0 if low is None else 1,
        len(high),
        0 if low is None else low.tokens or 0,
        sum(one.tokens or 0 for one in high),
        0.0 if low is None else low.usd,
        None if None in usd else sum(one or 0.0 for one in usd),
    )

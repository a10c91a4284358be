"""How many tokens a call will take, before anybody knows: corrected by what the calls of this model took."""

from actors.governor.needs import Amounts, Need
from actors.models.estimate import CHARACTERS_PER_TOKEN

NEWEST = 0.05
"""Weight of the newest call, once so many were seen that it would be less in a plain mean."""


class Ratio:
    """Mean of what was seen over what was expected; the first expectation counts as seen once."""

    def __init__(self) -> None:
        self.value, self._seen = 1.0, 1

    def learn(self, seen: float, expected: float) -> None:
        """One more call."""
        if expected > 0:
            self._seen += 1
            self.value += max(NEWEST, 1 / self._seen) * (seen / expected - self.value)


class Estimates:
    """Of one model."""

    def __init__(self) -> None:
        self._input, self._output = Ratio(), Ratio()

    def of(self, need: Need) -> Amounts:
        """What the call is expected to take from the limits."""
        tokens = need.characters / CHARACTERS_PER_TOKEN
        return Amounts(1.0, tokens * self._input.value, need.max_tokens * self._output.value)

    def learn(self, need: Need, took: Amounts) -> None:
        """What it took."""
        self._input.learn(took.input_tokens, need.characters / CHARACTERS_PER_TOKEN)
        self._output.learn(took.output_tokens, need.max_tokens)

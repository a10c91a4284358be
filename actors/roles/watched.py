"""What the model of an attempt says just now, for whoever looks. Lossy, and in no journal.

Streaming costs several times the CPU of a call in one piece (make bench-calls), so a turn is streamed only if somebody
has looked shortly before it began.
"""

import math

from actors.models.port import OnDelta

LOOKS_S = 60.0
"""Whoever looked is taken to look for so long."""

KEPT = 20_000
"""Characters, the latest."""


class Watched:
    """The text of the turn that is under way, as far as it was streamed."""

    def __init__(self) -> None:
        self._looked_at = -math.inf
        self._text = ""

    def look(self, now: float) -> str:
        """The text so far; what begins within LOOKS_S is streamed. `now` by the loop's clock."""
        self._looked_at = now
        return self._text[-KEPT:]

    def begin(self, now: float) -> OnDelta | None:
        """A turn begins: where its text goes, or None if nobody looks."""
        self._text = ""
        return self._take if now - self._looked_at < LOOKS_S else None

    def _take(self, text: str) -> None:
        self._text += text
        if len(self._text) > 2 * KEPT:  # not at every piece, which would copy it each time
            self._text = self._text[-KEPT:]

"""A bounded queue's room: who finds none waits, in order of arrival."""

import asyncio
from collections import deque
from collections.abc import Sized

QUEUE_ROWS = 20_000
"""Rows on their way to disk at once: some seconds of writing, some 20 MB. Beyond that the callers hold them."""


class Room:
    """Counts what is inside. For one event loop."""

    def __init__(self, size: int = QUEUE_ROWS) -> None:
        self.size, self.taken = size, 0
        self._line: deque[tuple[int, asyncio.Future[None]]] = deque()

    @property
    def waiting(self) -> int:
        """How many wait."""
        return sum(not turn.done() for _, turn in self._line)

    async def enter(self, amount: int) -> None:
        """Take so much room, after everybody who came before. What is larger than the whole room has it alone."""
        if not self._line and self._fits(amount):
            self.taken += amount
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._line.append((amount, turn))
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():  # its turn came in the same moment
                self.leave(amount)
            else:
                self._admit()  # it may have been the one that was too large
            raise

    def leave(self, amount: int) -> None:
        """Give it back."""
        self.taken -= amount
        self._admit()

    def _fits(self, amount: int) -> bool:
        return self.taken == 0 or self.taken + amount <= self.size

    def _admit(self) -> None:
        while self._line:
            amount, turn = self._line[0]
            if not turn.done():
                if not self._fits(amount):
                    return
                self.taken += amount
                turn.set_result(None)
            self._line.popleft()


def rows_of(*parts: Sized) -> int:
    """What an append takes: one for each of its rows and payloads, one at least."""
    return max(1, sum(map(len, parts)))

"""What readers of the page were told lately: one copy of it, that every reader takes at its own pace."""

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

FRAMES = 20_000
BYTES = 32_000_000
"""At most so much is kept; a reader that is further behind is dropped and comes back with its cursor."""


class Frame(NamedTuple):
    """One message, ready to be sent."""

    run: str | None
    """Whom it concerns; None: every reader."""
    data: bytes


class Batch:
    """Frames that were made together; what they tell is on the board from this version on."""

    def __init__(self, version: int, frames: Sequence[Frame]) -> None:
        self.version, self.frames = version, frames
        self.size = sum(len(frame.data) for frame in frames)
        self._joined: dict[str | None, bytes] = {}

    def of(self, run: str | None) -> bytes:
        """What a reader of this run gets, of every run if None; readers of one run share it."""
        if run not in self._joined:
            wanted = (frame.data for frame in self.frames if run is None or frame.run in (None, run))
            self._joined[run] = b"".join(wanted)
        return self._joined[run]


class Ring:
    """The latest batches, numbered from 0."""

    def __init__(self, frames: int = FRAMES, size: int = BYTES) -> None:
        self._most_frames, self._most_bytes = frames, size
        self._batches: deque[Batch] = deque()
        self._frames = self._bytes = 0
        self._first = 0
        self._grown = asyncio.Event()

    @property
    def end(self) -> int:
        """The number of the next batch."""
        return self._first + len(self._batches)

    def put(self, batch: Batch) -> None:
        """Hand it to every reader that waits."""
        self._batches.append(batch)
        self._count(batch, 1)
        while self._batches and (self._frames > self._most_frames or self._bytes > self._most_bytes):
            self._count(self._batches.popleft(), -1)
            self._first += 1
        self.wake()

    def wake(self) -> None:
        """Let every reader that waits look again."""
        grown, self._grown = self._grown, asyncio.Event()
        grown.set()

    def get(self, number: int) -> Batch | None:
        """The batch of this number; None if it is not there yet. Raises LookupError if it is gone."""
        if number < self._first:
            raise LookupError(number)
        return self._batches[number - self._first] if number < self.end else None

    async def grown(self) -> None:
        """Returns once there is another batch, or something else to look at."""
        await self._grown.wait()

    def _count(self, batch: Batch, sign: int) -> None:
        self._frames += sign * len(batch.frames)
        self._bytes += sign * batch.size

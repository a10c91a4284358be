"""One reader of the event stream: what it is told, from its first byte to its end."""

import time
from collections.abc import AsyncIterator, Callable
from typing import NamedTuple

from actors.events import FLEET, Event
from actors.stores.reader import Reader
from dashboards.board import PAGE, Board
from dashboards.journal import Journal
from dashboards.plain import clean
from dashboards.sse import TEXT, message

REPLAYED = 5_000
"""Rows; a reader that is further behind is told of a gap and gets a new snapshot."""


SHARED_S = 0.5

RETRY = b"retry: 500\n\n"
"""Milliseconds after which a browser comes back."""


class Beginning(NamedTuple):
    """What a reader is told first."""

    run: str | None
    """The id of the run it asked for."""
    version: int
    """Of the board; what came later is still to be told."""
    data: bytes


def begin(board: Board, reader: Reader, run: str | None, last: int | None) -> Beginning:
    """The rows after `last`, or the gap where they were; then everything as it is now. Raises NotFound."""
    id_ = board.run(run).record.run if run else None
    data = b"" if last is None else _replay(board, reader, id_, last)
    snapshot = board.snapshot(id_)
    if data.startswith(b"event: gap") or last is None:
        snapshot["recent"] = board.recent(id_)
    data += message("snapshot", clean(snapshot, TEXT), board.seq)
    return Beginning(id_, board.version, RETRY + data)


def _replay(board: Board, reader: Reader, run: str | None, last: int) -> bytes:
    missed = board.seq - last
    if missed < 0:
        return _gap(last, board.seq, "this is another journal")
    if missed > REPLAYED:
        return _gap(last, board.seq, "too many events were missed")
    events: list[Event] = []
    while missed and (page := reader.events_of_all(events[-1].seq if events else last, PAGE)):
        events += page
    events = [event for event in events if event.seq <= board.seq]
    if len(events) != missed:
        return _gap(last, board.seq, "events were removed from the journal")
    return b"".join(board.told(event) for event in events if run is None or event.run in (FLEET, run))


def _gap(after: int, upto: int, reason: str) -> bytes:
    return message("gap", {"after": after, "upto": upto, "reason": reason})


async def stream(journal: Journal, first: Beginning, edition: int, number: int) -> AsyncIterator[bytes]:
    """The beginning, then whatever is new from batch `number` on. Ends for a reader that is too slow."""
    yield first.data
    while journal.edition == edition:
        try:
            batch = journal.ring.get(number)
        except LookupError:
            return
        if batch is None:
            await journal.ring.grown()
            continue
        number += 1
        if batch.version > first.version and (data := batch.of(first.run)):
            yield data


class Beginnings:
    """What readers who come at about the same time are told first, made once."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._made: dict[tuple[str | None, int | None], tuple[float, Board, Beginning]] = {}

    def get(self, board: Board, reader: Reader, run: str | None, last: int | None) -> Beginning:
        """See `begin`."""
        now = self._clock()
        fresh = {key: made for key, made in self._made.items() if now - made[0] < SHARED_S}
        made = fresh.get((run, last))
        if made is None or made[1] is not board or made[2].version != board.version:
            made = (now, board, begin(board, reader, run, last))
        self._made = {**fresh, (run, last): made}
        return made[2]

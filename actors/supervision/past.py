"""What a new monitor takes over from the journal: all that is the fleet's own, and of the runs the last window."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable
from functools import partial
from typing import NamedTuple, TypeVar

from actors.errors import StoreError
from actors.events import DRIVER_TYPES, Event
from actors.health.facts import observations
from actors.health.observations import ModelAnswered, ModelFailed
from actors.journal.reading import RESULT
from actors.journal.recorded import FLEET
from actors.stores.protocol import Store

RETRY_S = 0.2

UNREAD = DRIVER_TYPES | {
    "agent_heartbeat",
    "rate_limited",
    "item_started",
    "item_reused",
    "run_accepted",
    "memory_stored",
    "context_filled",
    "memory_recalled",
    "turn_done",
    "tool_done",
}
"""Nothing follows from them for supervision."""

T = TypeVar("T")


class Past(NamedTuple):
    """What there was."""

    rows: list[Event]
    cursor: int
    """Where to read on."""


async def insist(call: Callable[[], Awaitable[T]]) -> T:
    """Until the store can."""
    while True:
        try:
            return await call()
        except StoreError:
            await asyncio.sleep(RETRY_S)


async def past(store: Store, now: float, window_s: float) -> Past:
    """The window is that before the newest row, or `now`. However long the journal is, of older rows few are read."""
    newest = await _last(store, lambda _: True)
    since = min(now, newest.at if newest else now) - window_s
    older = await _last(store, lambda event: event.at < since, newest.seq if newest else 1)
    begin = older.seq if older else 0
    fleet = [event for event in (await _read(store, FLEET, 0, UNREAD)).rows if event.seq <= begin]
    recent = await _read(store, None, begin, UNREAD | {RESULT})
    failed = next((event.seq for event in recent.rows if _failed(event)), None)
    if failed is not None:  # only then do answers tell anything
        before = [event for event in recent.rows if event.seq < failed]
        after = await _read(store, None, failed - 1, UNREAD, Answers().that_tell)
        recent = after._replace(rows=before + after.rows)
    return recent._replace(rows=fleet + recent.rows)


async def _last(store: Store, is_older: Callable[[Event], bool], high: int = 1) -> Event | None:
    """The last row that is older; none after it is. Reads some 40 rows where there are a million."""
    found, low = None, 0
    while (row := await _next(store, high)) and is_older(row):
        found, low, high = row, row.seq, 2 * row.seq
    while low < high:
        middle = (low + high) // 2
        if (row := await _next(store, middle)) and is_older(row):
            found, low = row, row.seq
        else:
            high = middle
    return found


async def _next(store: Store, cursor: int) -> Event | None:
    return next(iter(await insist(partial(store.read, None, cursor, 0, limit=1))), None)


async def _read(
    store: Store,
    run: str | None,
    cursor: int,
    exclude: Collection[str],
    keep: Callable[[Iterable[Event]], Iterable[Event]] = iter,
) -> Past:
    rows: list[Event] = []
    while page := await insist(partial(store.read, run, cursor, 0, exclude=exclude)):
        rows += keep(page)
        cursor = page[-1].seq
    return Past(rows, cursor)


def _failed(event: Event) -> bool:
    return any(isinstance(told, ModelFailed) for told in observations(event))


class Answers:
    """Those of the models against which nothing is held change nothing, and are nearly all that a fleet writes."""

    def __init__(self) -> None:
        self._failing: set[str] = set()

    def that_tell(self, rows: Iterable[Event]) -> list[Event]:
        """The next rows, without the answers that change nothing."""
        return [event for event in rows if self._tells(event)]

    def _tells(self, event: Event) -> bool:
        told = observations(event)
        answered = {one.model for one in told if isinstance(one, ModelAnswered)}
        tells = not answered or len(told) > 1 or not answered.isdisjoint(self._failing)
        self._failing -= answered
        self._failing |= {one.model for one in told if isinstance(one, ModelFailed)}
        return tells

"""What an agent has to say to the journal: gathered for a few milliseconds, kept until it is on disk."""

import asyncio
import uuid
from collections.abc import Mapping

from actors.errors import StoreError
from actors.events import Event, ItemClosed, ItemStarted
from actors.stores.protocol import Store

LINGER_S = 0.02
"""A start waits this long for its end; what is over sooner is one row instead of two."""

RETRY_S = 1.0


class Outbox:
    """Appends in order, one append at a time; what piles up meanwhile goes out together."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._events: list[Event] = []
        self._payloads: dict[str, str] = {}
        self.closing: set[tuple[str, str, int]] = set()
        """(run, item, epoch) of outcomes that are not on disk yet."""
        self._starts: dict[tuple[str, str, int], ItemStarted] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._flushing: asyncio.Task[None] | None = None

    def started(self, event: ItemStarted) -> None:
        """Record the start, unless its end follows within LINGER_S."""
        self._starts[event.run, event.item, event.epoch] = event
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(LINGER_S, self._release_starts)

    def closed(self, event: ItemClosed, payloads: Mapping[str, str]) -> None:
        """Record the end at once."""
        if self._starts.pop((event.run, event.item, event.epoch), None):
            event = event.model_copy(update={"started": False})
        self.closing.add((event.run, event.item, event.epoch))
        self._events.append(event)
        self._payloads.update(payloads)
        self._flush()

    async def drain(self) -> None:
        """Return when everything said so far is on disk."""
        self._release_starts()
        if self._flushing:
            await self._flushing

    def _release_starts(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None
        self._events += self._starts.values()
        self._starts = {}
        if self._events:
            self._flush()

    def _flush(self) -> None:
        if self._flushing is None or self._flushing.done():
            self._flushing = asyncio.get_running_loop().create_task(self._append_all())

    async def _append_all(self) -> None:
        while self._events:
            events, self._events = self._events, []
            payloads, self._payloads = self._payloads, {}
            await self._append(events, payloads)

    async def _append(self, events: list[Event], payloads: Mapping[str, str]) -> None:
        id_ = uuid.uuid4().hex
        while True:
            try:
                await self._store.append(id_, events, payloads)
            except StoreError:  # the attempts stay open and held until the store takes them
                await asyncio.sleep(RETRY_S)
            else:
                break
        for event in events:
            if isinstance(event, ItemClosed):
                self.closing.discard((event.run, event.item, event.epoch))

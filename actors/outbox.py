"""What an agent has to say to the journal: gathered for a few milliseconds, kept until it is on disk."""

import asyncio
import logging
import uuid
from collections.abc import Callable, Mapping

from actors.errors import StoreError
from actors.events import Event, ItemClosed, ItemStarted
from actors.journal.turns import AttemptEvent
from actors.journal.unwritable import failed, fault_of
from actors.stores.protocol import Store

Key = tuple[str, str, int]
"""(run, item, epoch) of an attempt."""

LINGER_S = 0.02
"""A start waits this long for its end; what is over sooner is one row instead of two."""

GATHER_S = 0.003
GATHER = 256
"""Ends within so many seconds go into one append, unless there are so many."""

RETRY_S = 1.0


class Outbox:
    """Appends in order, one append at a time; what piles up meanwhile goes out together."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._events: list[Event] = []
        self._payloads: dict[str, str] = {}
        self.closing: set[Key] = set()
        """Attempts whose outcomes are not on disk yet."""
        self._starts: dict[Key, Callable[[], ItemStarted]] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._gathering: asyncio.TimerHandle | None = None
        self._flushing: asyncio.Task[None] | None = None
        self._asked: dict[int, asyncio.Future[bool]] = {}
        """Who waits for an event, by its identity."""

    def started(self, key: Key, event: Callable[[], ItemStarted]) -> None:
        """Record the start, unless its end follows within LINGER_S."""
        self._starts[key] = event
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(LINGER_S, self._release_starts)

    async def started_on_disk(self, event: ItemStarted) -> bool:
        """Record a start at once; false if its attempt was closed meanwhile."""
        return any(seq is not None for _, seq in await self._append([event], {}))

    def unsaid(self, key: Key) -> bool:
        """Take back a start that is not on its way to the journal; whether there was one."""
        return self._starts.pop(key, None) is not None

    async def kept(self, key: Key, event: AttemptEvent, payloads: Mapping[str, str]) -> bool:
        """Record what an attempt did, behind its start; true once it is on disk, false if the attempt was closed.

        Raises what a serializer raises if it cannot be written.
        """
        if start := self._starts.pop(key, None):
            self._events.append(start())
        asked: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._asked[id(event)] = asked
        self._events.append(event)
        self._payloads.update(payloads)
        self._flush()
        return await asked

    def closed(self, key: Key, event: ItemClosed, payloads: Mapping[str, str], *, more: bool) -> None:
        """Record the end: at once, or within GATHER_S together with others if `more` are about to end.

        One that cannot be written is recorded as a failure of the agent.
        """
        self.closing.add(key)
        self._events.append(event)
        self._payloads.update(payloads)
        if not more or len(self._events) >= GATHER:
            self._flush()
        elif self._gathering is None:
            self._gathering = asyncio.get_running_loop().call_later(GATHER_S, self._flush)

    async def ends_on_disk(self) -> None:
        """Return when the ends said so far are on disk. A cancel leaves them on their way."""
        self._flush()
        if self._flushing:
            await asyncio.shield(self._flushing)

    async def drain(self) -> None:
        """Return when everything said so far is on disk."""
        self._release_starts()
        if self._flushing:
            await self._flushing

    def _release_starts(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None
        self._events += [event() for event in self._starts.values()]
        self._starts = {}
        if self._events:
            self._flush()

    def _flush(self) -> None:
        if self._gathering:
            self._gathering.cancel()
            self._gathering = None
        if self._flushing is None or self._flushing.done():
            self._flushing = asyncio.get_running_loop().create_task(self._append_all())

    async def _append_all(self) -> None:
        while self._events:
            events, self._events = self._events, []
            payloads, self._payloads = self._payloads, {}
            for event, seq in await self._append(events, payloads):
                asked = self._asked.pop(id(event), None)
                if asked and not asked.done():  # else whoever asked was cancelled
                    asked.set_result(seq is not None)

    async def _append(self, events: list[Event], payloads: Mapping[str, str]) -> list[tuple[Event, int | None]]:
        """What was written, with what became of it."""
        id_, seqs = uuid.uuid4().hex, tuple[int | None, ...]()
        while events:
            try:
                seqs = (await self._store.append(id_, events, payloads)).seqs
                break
            except StoreError:  # the attempts stay open and held until the store takes them
                await asyncio.sleep(RETRY_S)
            except Exception:
                before, events = events, self._writable(events)
                if events == before:
                    logging.getLogger(__name__).exception("events could not be sent to the store")
                    await asyncio.sleep(RETRY_S)
        for event in events:
            if isinstance(event, ItemClosed):
                self.closing.discard((event.run, event.item, event.epoch))
        return list(zip(events, seqs, strict=True))

    def _writable(self, events: list[Event]) -> list[Event]:
        """Those that can be written. An end that cannot is a failure; who waits for anything else is told."""
        left: list[Event] = []
        for event in events:
            if (fault := fault_of(event)) is None:
                left.append(event)
            elif isinstance(event, ItemClosed):
                left.append(failed(event, fault))
            elif (asked := self._asked.pop(id(event), None)) and not asked.done():
                asked.set_exception(fault)
        return left

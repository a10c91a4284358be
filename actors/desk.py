"""Where agents speak to the governor: takes notes, keeps grants until they are fetched, watches the clock."""

import asyncio
import time
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from random import Random
from typing import get_args

from actors.errors import StoreError
from actors.events import FLEET, Event
from actors.governor.governor import Governor
from actors.governor.needs import Amounts, Permit
from actors.governor.notes import Answer, Note
from actors.governor.reports import Reports
from actors.journal.fleet import ModelHeld
from actors.stores.protocol import Store

POLL_S = 3.0
"""An answer takes so long at most; an agent with calls asks again at once."""

SILENT_S = 10.0
"""An agent that nothing was heard of for so long has no calls any more. If it lives, it tells what it has."""

SWEEP_S = 1.0
TELL_S = 1.0

_TYPES = (kind.model_fields["type"].default for kind in get_args(get_args(Event)[0]))
OTHERS = tuple(type_ for type_ in _TYPES if type_ != "rate_limited")
"""Types of events that are nobody's word on calls that are held."""


class Box:
    """One process of an agent."""

    def __init__(self, generation: int) -> None:
        self.generation = generation
        self.known = False
        """Whether what it waits for and holds is all with the governor."""
        self.granted: list[Permit] = []
        """On their way to it."""
        self.asked = 0
        self.asking = 0
        self.heard_at = 0.0
        self.news = asyncio.Event()


class Desk:
    """The governor's side of the conversation; begins with empty buckets, whatever an earlier one knew."""

    def __init__(
        self,
        ceilings: Mapping[str, Amounts],
        random: Random | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.boot = uuid.uuid4().hex
        self.governor = Governor(ceilings, random or Random())  # noqa: S311 - spreads waits
        self._clock = clock
        self._reports = Reports()
        self._boxes: dict[str, Box] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._sweeping: asyncio.Task[None] | None = None

    async def exchange(self, agent: str, generation: int, note: Note) -> Answer:
        """Take a note; the agent's grants so far, or the next ones. A newer note ends the wait of the one before."""
        box = self._box(agent, generation)
        if box is None:
            return Answer(self.boot)
        if not note.whole and (note.boot != self.boot or not box.known):
            return Answer(self.boot, unknown=True)
        box.asking += 1
        try:
            self._take(box, note)
            self.pump()
            granted = await self._grants(box, note.waits)
            ids = tuple(permit.need.id for permit in granted)
            return Answer(self.boot, ids, frozenset(permit.need.id for permit in granted if permit.leads))
        finally:
            box.asking -= 1
            box.heard_at = self._clock()

    def pump(self) -> None:
        """Grant what can go now, and see to it that this is done again in time."""
        now = self._clock()
        for permit in self.governor.grants(now):
            box = self._boxes[permit.need.agent]
            box.granted.append(permit)
            box.news.set()
        if self._timer:
            self._timer.cancel()
        wake = self.governor.wake_at(now)
        self._timer = asyncio.get_running_loop().call_later(max(0.0, wake - now), self.pump) if wake else None

    def news(self) -> list[ModelHeld]:
        """What is to be told now."""
        return self._reports.due(self.governor, self._clock())

    def _box(self, agent: str, generation: int) -> Box | None:
        """None for a process that another has taken the place of."""
        self._sweeping = self._sweeping or asyncio.ensure_future(self._sweep())
        box = self._boxes.get(agent)
        if box is None or box.generation < generation:
            if box:
                box.news.set()
            self.governor.began(agent, generation)
            box = self._boxes[agent] = Box(generation)
        return box if box.generation == generation else None

    def _take(self, box: Box, note: Note) -> None:
        now, governor = self._clock(), self.governor
        if note.whole:
            box.known = True
            for model, told in note.limits:
                governor.recall(model, told, now)
            governor.hold(note.held, now)
        for need in note.began:
            governor.heard(need, now)
        for end in note.settled:
            if end.refused:
                governor.throttle(end.model, end.id, end.retry_after_s, end.told, now)
            else:
                governor.settle(end.model, end.id, end.took, end.told, now)
        for need in note.withdrawn:
            governor.withdraw(need.model, (need.id,), now)
        again = governor.reserve(note.needs, now)
        box.granted += again

    async def _grants(self, box: Box, waits: bool) -> list[Permit]:
        box.asked += 1
        asked = box.asked
        box.news.set()
        with suppress(TimeoutError):
            async with asyncio.timeout(POLL_S if waits else 0):
                while not box.granted and box.asked == asked:
                    box.news.clear()
                    await box.news.wait()
        if box.asked != asked:
            return []
        granted, box.granted = box.granted, []
        return granted

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(SWEEP_S)
            quiet_since = self._clock() - SILENT_S
            for agent, box in self._boxes.items():
                if box.known and not box.asking and box.heard_at < quiet_since:
                    self._forget(agent, box)
            self.pump()

    def _forget(self, agent: str, box: Box) -> None:
        box.known = False
        for permit in box.granted:  # never fetched, so never made
            self.governor.withdraw(permit.need.model, (permit.need.id,), self._clock())
        box.granted.clear()
        self.governor.lost(agent)


async def tell(desk: Desk, store: Store) -> None:
    """Until cancelled: write down how limits hold calls up. What the store does not take is lost."""
    with suppress(StoreError):
        await _take_back(store)
    while True:
        await asyncio.sleep(TELL_S)
        if news := desk.news():
            with suppress(StoreError):
                await store.append(uuid.uuid4().hex, news)


async def _take_back(store: Store) -> None:
    """What a governor before this one told: whoever is held now is told of anew."""
    told: dict[str, ModelHeld] = {}
    after = 0
    while page := await store.read(FLEET, after, 0, exclude=OTHERS):
        after = page[-1].seq
        told |= {event.model: event for event in page if isinstance(event, ModelHeld)}
    over = [ModelHeld(model=m, by=one.by, waiting=0, in_flight=0, held_s=0.0) for m, one in told.items() if one.waiting]
    if over:
        await store.append(uuid.uuid4().hex, over)

"""The common way of a task: accept, start, work, close."""

import asyncio
from collections import deque
from collections.abc import Collection, Sequence
from functools import partial
from typing import NamedTuple

from actors.errors import StaleTerm
from actors.events import ItemClosed, ItemStarted
from actors.health.observations import Overdue
from actors.outbox import Key, Outbox
from actors.roles.attempt import NOTHING, Worker, attempt, used_up
from actors.roles.course import Course
from actors.roles.gate import Gate
from actors.stores.protocol import Store
from actors.work import Lost, Outcome, Reservation, Result, Role, Task

BREATH = 4
"""Items that never wait for anything, after which a slot lets the event loop do something else: it sends what is done
once every slot has had its turn."""

CANCELLED = "cancelled by request"

REMEMBERED = 10_000
"""Attempts that are known after their end: a submit that arrives a second time is that late at most."""


class Card(NamedTuple):
    """What an agent says of itself when a driver attaches."""

    agent: str
    generation: int
    concurrency: int
    held: tuple[tuple[str, int], ...]
    """(item, epoch) of this run that the agent has and has not closed."""
    explained: bool = True
    """Whether it is known why the process before this one ended."""
    guilty: tuple[tuple[str, int, str], ...] = ()
    """(item, epoch, why) of this run's attempts that the process before was ended for."""


class Before(NamedTuple):
    """What is known of the process before this one."""

    explained: bool = True
    """Whether it is known why it ended, and that no item was the reason."""
    guilty: tuple[tuple[str, str, int, str], ...] = ()
    """(run, item, epoch, why) of the attempts that it was ended for."""


NOTHING_BEFORE = Before()


class Agent:
    """One agent's process: `concurrency` slots, one queue; each attempt is closed exactly once in the journal."""

    def __init__(
        self,
        id_: str,
        role: Role,
        generation: int,
        worker: Worker,
        store: Store,
        concurrency: int,
        before: Before = NOTHING_BEFORE,
    ) -> None:
        self.id, self.role, self.generation, self.concurrency, self.before = id_, role, generation, concurrency, before
        self._worker, self._outbox = worker, Outbox(store)
        self._terms: dict[str, int] = {}
        self._queue: deque[Task] = deque()
        self._held: dict[Key, asyncio.Task[None] | None] = {}
        """Attempts that are not closed, and the slot that works on each."""
        self._over: dict[Key, None] = {}
        """Attempts that have ended, oldest first."""
        self._cancelled: set[Key] = set()
        self._used: dict[Key, Reservation] = {}
        """What attempts used that were cancelled at work."""
        self._slots: set[asyncio.Task[None]] = set()
        self._gate = Gate()
        self._courses: dict[Key, Course] = {}
        """Of the attempts that are being worked on."""

    def attach(self, run: str, term: int) -> Card:
        """A driver takes this agent for its run. Raises StaleTerm for an older driver than the last."""
        self._check_term(run, term)
        keys = (*self._held, *self._outbox.closing)
        held = tuple((item, epoch) for held_run, item, epoch in keys if held_run == run)
        guilty = tuple((item, epoch, why) for of, item, epoch, why in self.before.guilty if of == run)
        return Card(self.id, self.generation, self.concurrency, held, self.before.explained, guilty)

    def submit(self, run: str, term: int, tasks: Sequence[Task]) -> None:
        """Take tasks; one that it has or had already is ignored. Raises StaleTerm."""
        self._check_term(run, term)
        for task in tasks:
            key = _key(task)
            if key not in self._held and key not in self._over:
                self._held[key] = None
                self._queue.append(task)
        for _ in range(min(self.concurrency - len(self._slots), len(self._queue))):
            self._slots.add(asyncio.get_running_loop().create_task(self._slot()))

    def cancel(self, run: str, term: int, attempts: Collection[tuple[str, int]]) -> None:
        """Give up (item, epoch); each is closed as lost unless it is over already. Raises StaleTerm."""
        self._check_term(run, term)
        for item, epoch in attempts:
            key = (run, item, epoch)
            if key in self._held and key not in self._cancelled:
                if slot := self._held[key]:
                    self._cancelled.add(key)
                    slot.cancel()
                else:
                    self._drop(key)

    def _drop(self, key: Key) -> None:
        """Give up what no slot has come to yet."""
        task = next((task for task in self._queue if _key(task) == key), None)
        if task is None:  # `stop` was quicker
            return
        self._queue.remove(task)
        self._say(key, task, Lost(message=CANCELLED, reserved=NOTHING), {})
        self._end(key)

    @property
    def at_work(self) -> int:
        """Items that are being worked on."""
        return self._gate.at_work

    def overdue(self, now: float) -> list[Overdue]:
        """Attempts that did not end at their timeout, `now` by the loop's clock. May be asked from any thread."""
        late = [(course.task, course.deadline.over_s(now)) for course in self._courses.copy().values()]
        return [Overdue(t.run, t.item.id, t.epoch, t.item.timeout, over_s) for t, over_s in late if over_s > 0]

    def peek(self, run: str, item: str) -> str | None:
        """What the model says just now, as far as it is streamed; None if the item is not worked on here.

        A turn that begins while somebody looks is streamed; one that was under way before is not.
        """
        now = asyncio.get_running_loop().time()
        found = [course for (of, id_, _), course in self._courses.items() if (of, id_) == (run, item)]
        return found[-1].watched.look(now) if found else None

    async def stop(self) -> None:
        """Give up what is held and put on disk what is done."""
        self._queue.clear()
        slots = list(self._slots)
        for slot in slots:
            slot.cancel()
        await asyncio.gather(*slots, return_exceptions=True)
        await self._outbox.drain()

    def _check_term(self, run: str, term: int) -> None:
        if term < self._terms.get(run, 0):
            raise StaleTerm(f"{self.id} serves term {self._terms[run]} of run {run}; term {term} is over")
        self._terms[run] = term

    async def _slot(self) -> None:
        slot = asyncio.current_task()
        assert slot is not None
        try:
            await self._work_off(slot)
        finally:
            self._slots.discard(slot)  # in the step that saw the empty queue: a submit right behind it needs a new slot

    async def _work_off(self, slot: asyncio.Task[None]) -> None:
        done = 0
        while self._queue:
            if not self._gate.is_open:
                await self._gate.wait()
                continue
            task = self._queue.popleft()
            key = _key(task)
            self._held[key] = slot
            try:
                await self._enter(key, task)
            except asyncio.CancelledError:
                if key not in self._cancelled:
                    raise  # by `stop`: a driver closes the attempt
                used = self._used.pop(key, NOTHING)
                self._say(key, task, Lost(message=CANCELLED, reserved=used), {})
            finally:
                if key in self._cancelled:
                    slot.uncancel()  # also where the work swallowed the cancel: the next item is not meant
                self._end(key)
            done += 1
            if done % BREATH == 0:
                await asyncio.sleep(0)

    def _end(self, key: Key) -> None:
        self._used.pop(key, None)
        del self._held[key]
        self._cancelled.discard(key)
        self._over[key] = None
        if len(self._over) > REMEMBERED:
            del self._over[next(iter(self._over))]

    async def _enter(self, key: Key, task: Task) -> None:
        if not task.alone:
            self._outbox.started(key, partial(self._start, task))
            await self._work(key, task)
            return
        async with self._gate.alone():
            if await self._outbox.started_on_disk(self._start(task)):
                await self._work(key, task)
                await self._outbox.ends_on_disk()  # else this process could die with two that began alone

    async def _work(self, key: Key, task: Task) -> None:
        payloads: dict[str, str] = {}
        course = self._courses[key] = Course(task, self.id, partial(self._outbox.kept, key))
        self._gate.enter()
        try:
            outcome = await attempt(self._worker, course, payloads)
        except asyncio.CancelledError:
            self._used[key] = used_up(course)
            raise
        finally:
            self._gate.leave()
            del self._courses[key]
        self._say(key, task, outcome, payloads)

    def _say(self, key: Key, task: Task, outcome: Outcome, payloads: dict[str, str]) -> None:
        closed = ItemClosed(
            run=task.run,
            item=task.item.id,
            epoch=task.epoch,
            attempt=task.attempt,
            agent=self.id,
            generation=self.generation,
            started=not self._outbox.unsaid(key),
            asked=task.model if isinstance(outcome, Result) and outcome.model != task.model else None,
            pending=isinstance(outcome, Result) and task.item.review is not None,
            outcome=outcome,
        )
        self._outbox.closed(key, closed, payloads, more=len(self._held) > self.concurrency)

    def _start(self, task: Task) -> ItemStarted:
        return ItemStarted(run=task.run, item=task.item.id, epoch=task.epoch, agent=self.id, generation=self.generation)


def _key(task: Task) -> Key:
    return task.run, task.item.id, task.epoch

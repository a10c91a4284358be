"""The common way of a task: accept, start, work, close. One boundary around each item lets nothing escape."""

import asyncio
import hashlib
import json
import time
from collections.abc import Collection, Sequence
from functools import partial
from typing import NamedTuple, Protocol

from actors.errors import ModelError, StaleTerm
from actors.events import ItemClosed, ItemStarted
from actors.models.port import Reply, StopReason
from actors.models.pricing import cost_usd, is_free
from actors.outbox import Key, Outbox
from actors.stores.protocol import Store
from actors.work import INLINE_LIMIT, Content, Failure, FailureKind, Lost, Outcome, Result, Role, Task, Usage


class Worker(Protocol):
    """A role's part."""

    async def work(self, task: Task) -> Reply:
        """The answer to a task. Raises ModelError."""
        ...


class Card(NamedTuple):
    """What an agent says of itself when a driver attaches."""

    agent: str
    generation: int
    concurrency: int
    held: tuple[tuple[str, int], ...]
    """(item, epoch) of this run that the agent has and has not closed."""


class Agent:
    """One agent's process: many items at once, each closed exactly once in the journal."""

    def __init__(self, id_: str, role: Role, generation: int, worker: Worker, store: Store, concurrency: int) -> None:
        self.id, self.role, self.generation, self.concurrency = id_, role, generation, concurrency
        self._worker, self._outbox = worker, Outbox(store)
        self._slots = asyncio.Semaphore(concurrency)
        self._terms: dict[str, int] = {}
        self._cancelled: set[Key] = set()
        self._tasks: dict[Key, asyncio.Task[None]] = {}

    def attach(self, run: str, term: int) -> Card:
        """A driver takes this agent for its run. Raises StaleTerm for an older driver than the last."""
        self._check_term(run, term)
        keys = (*self._tasks, *self._outbox.closing)
        held = tuple((item, epoch) for held_run, item, epoch in keys if held_run == run)
        return Card(self.id, self.generation, self.concurrency, held)

    def submit(self, run: str, term: int, tasks: Sequence[Task]) -> None:
        """Take tasks; one that it has already is ignored. Raises StaleTerm."""
        self._check_term(run, term)
        for task in tasks:
            key = (task.run, task.item.id, task.epoch)
            if key not in self._tasks and key not in self._outbox.closing:
                self._tasks[key] = asyncio.get_running_loop().create_task(self._run(task))
                self._tasks[key].add_done_callback(partial(self._drop, key))

    def cancel(self, run: str, term: int, attempts: Collection[tuple[str, int]]) -> None:
        """Give up (item, epoch); each is closed as lost unless it is over already. Raises StaleTerm."""
        self._check_term(run, term)
        for item, epoch in attempts:
            key = (run, item, epoch)
            if key in self._tasks:
                self._cancelled.add(key)
                self._tasks[key].cancel()

    async def stop(self) -> None:
        """Give up what is held and put on disk what is done."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._outbox.drain()

    def _drop(self, key: Key, _: asyncio.Task[None]) -> None:
        del self._tasks[key]
        self._cancelled.discard(key)

    def _check_term(self, run: str, term: int) -> None:
        if term < self._terms.get(run, 0):
            raise StaleTerm(f"{self.id} serves term {self._terms[run]} of run {run}; term {term} is over")
        self._terms[run] = term

    async def _run(self, task: Task) -> None:
        key = (task.run, task.item.id, task.epoch)
        try:
            async with self._slots:
                await self._work(key, task)
        except asyncio.CancelledError:  # by `cancel`, or by `stop`: then a driver closes it
            if key in self._cancelled:
                self._say(key, task, Lost(message="cancelled by request"), {})

    async def _work(self, key: Key, task: Task) -> None:
        begin = time.perf_counter()
        self._outbox.started(key, partial(self._start, task))
        payloads: dict[str, str] = {}
        try:
            outcome = await self._outcome(task, begin, payloads)
        except asyncio.CancelledError:
            raise
        except BaseException as error:
            outcome = _failure(task, FailureKind.AGENT_FAULT, f"{type(error).__name__}: {error}", begin)
        self._say(key, task, outcome, payloads)

    def _say(self, key: Key, task: Task, outcome: Outcome, payloads: dict[str, str]) -> None:
        started = not self._outbox.unsaid(key)
        more = len(self._tasks) > self.concurrency
        self._outbox.closed(key, self._close(task, outcome, started), payloads, more=more)

    async def _outcome(self, task: Task, begin: float, payloads: dict[str, str]) -> Outcome:
        limit = asyncio.timeout(task.item.timeout)
        try:
            async with limit:
                reply = await self._worker.work(task)
        except ModelError as error:
            return _failure(task, error.kind, str(error), begin, error.usage)
        except TimeoutError:
            if not limit.expired():
                raise
            told = f"the item did not end within its timeout of {task.item.timeout:g} s"
            return _failure(task, FailureKind.TIMEOUT, told, begin)
        return _result(task, reply, begin, payloads)

    def _start(self, task: Task) -> ItemStarted:
        return ItemStarted(run=task.run, item=task.item.id, epoch=task.epoch, agent=self.id, generation=self.generation)

    def _close(self, task: Task, outcome: Outcome, started: bool) -> ItemClosed:
        return ItemClosed(
            run=task.run,
            item=task.item.id,
            epoch=task.epoch,
            attempt=task.attempt,
            agent=self.id,
            generation=self.generation,
            started=started,
            outcome=outcome,
        )


def _failure(task: Task, reason: FailureKind, message: str, begin: float, usage: Usage | None = None) -> Failure:
    return Failure(
        reason=reason,
        message=message,
        model=task.model,
        usage=usage or Usage(),
        cost_usd=cost_usd(task.model, usage or Usage()) if usage or is_free(task.model) else None,
        seconds=time.perf_counter() - begin,
    )


def _result(task: Task, reply: Reply, begin: float, payloads: dict[str, str]) -> Result:
    is_json = task.item.output is not None
    text = json.dumps(reply.parsed, ensure_ascii=False) if is_json else reply.text
    return Result(
        data=_content(text, payloads),
        json_data=is_json,
        truncated=reply.stop is StopReason.MAX_TOKENS,
        model=reply.model,
        usage=reply.usage,
        cost_usd=cost_usd(reply.model, reply.usage),
        seconds=time.perf_counter() - begin,
    )


def _content(text: str, payloads: dict[str, str]) -> Content:
    data = text.encode()
    if len(data) <= INLINE_LIMIT:
        return Content(text=text)
    ref = hashlib.sha256(data).hexdigest()
    payloads[ref] = text
    return Content(ref=ref)

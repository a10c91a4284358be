"""Group commit: what arrives during a commit goes into the next one; readers wake after it."""

import asyncio
import time
import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple, ParamSpec, TypeVar

from actors.errors import MnemosyneError, NotFound, StoreError
from actors.events import FLEET, Event, ItemReused, ItemsAdded
from actors.journal.reading import RESULT
from actors.journal.rows import Row, from_rows, to_row
from actors.memory.memories import TYPES
from actors.memory.recall import Question, Recalled
from actors.spending.account import Account
from actors.stores import kinds
from actors.stores.indexing import Indexing
from actors.stores.place import is_on_server
from actors.stores.protocol import Accept, Receipt, RunRecord, Stated, TakenOver, stated
from actors.stores.reader import Reader
from actors.stores.room import Room, rows_of
from actors.stores.sqlite import checkpoint
from actors.stores.writer import Answer, Append
from actors.work import Item, Role

P = ParamSpec("P")
T = TypeVar("T")

REQUESTS_POLL_S = 0.2

ACCEPTED = ("run_accepted", "item_reused", "items_added", "cancel_requested")
"""What accepting a plan may write."""

LOG_PAGES = 1000
"""The write-ahead log is moved into the file when it is so long (4 MB). Pages, not rows: a commit of one row writes
four of them or more."""


class Waiter(NamedTuple):
    """A reader at the end of the journal."""

    run: str | None
    """None: every run's."""
    exclude: frozenset[str]
    news: asyncio.Event

    def wants(self, run: str, type_: str, done: bool) -> bool:
        """Whether it waits for an event of this run and type, which completes its item if `done`."""
        left_out = type_ in self.exclude or (done and type_ == "item_closed" and RESULT in self.exclude)
        return (self.run is None or run in (self.run, FLEET)) and not left_out


class GroupStore:
    """The Store over a database, for one event loop: one thread writes, reads run beside it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._writer = kinds.open_writer(path)
        try:
            self._reader = Reader(path)
            self._inbox = kinds.open_inbox(path)
        except BaseException:
            self._writer.close()  # else its lock would stay for as long as this process
            raise
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="store-writer")
        self._reads = ThreadPoolExecutor(1, thread_name_prefix="store-reader") if is_on_server(path) else None
        """A file answers at once; a server may take its time."""
        self._room = Room()
        self._pending: list[tuple[Append, asyncio.Future[Answer]]] = []
        self._commits: asyncio.Task[None] | None = None
        self._waiters: set[Waiter] = set()
        self._checkpointer = ThreadPoolExecutor(1, thread_name_prefix="store-checkpoint")
        self._checkpoints: asyncio.Future[None] | None = None
        self._indexing = Indexing(lambda: self._write(self._writer.index))
        self._recalls = ThreadPoolExecutor(1, thread_name_prefix="store-recall")
        self._closing = False

    async def take_requests(self) -> None:
        """Put what people asked for into the journal, until cancelled; see actors/stores/requests.py."""
        while True:
            with suppress(StoreError):  # tried again; what waits stays where it is
                for request in await self._look(self._inbox.waiting):
                    try:
                        await self.append(request.id, [request.event])
                    except NotFound:
                        await self._look(self._inbox.refused, request.id)
                    else:
                        await self._look(self._inbox.taken, request.id)
            await asyncio.sleep(REQUESTS_POLL_S)

    async def close(self) -> None:
        """Finish what is being written, then close the file."""
        self._closing = True
        self._indexing.stop()
        while self._commits and not self._commits.done():
            await self._commits
        await self._look(self._inbox.close)
        await self._look(self._reader.close)  # before the writer, whose close then empties the write-ahead log
        await self._write(self._writer.close)
        self._checkpointer.shutdown()
        self._recalls.shutdown()
        self._thread.shutdown()
        if self._reads:
            self._reads.shutdown()

    async def append_rows(self, id_: str, rows: Sequence[Row], payloads: Mapping[str, str]) -> tuple[int | None, ...]:
        """Store.append for rows, with the append's own id. Waits while the queue is full; see actors/stores/room.py."""
        await self._room.enter(rows_of(rows, payloads))
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._pending.append((Append(id_, rows, payloads), answer))
        if self._commits is None or self._commits.done():
            self._commits = asyncio.create_task(self._commit_all())
        seqs = await answer
        if isinstance(seqs, MnemosyneError):
            raise seqs
        return seqs

    async def _commit_all(self) -> None:
        while self._pending:
            group, self._pending = self._pending, []
            try:
                answers: Sequence[Answer] = await self._write(self._writer.commit, [append for append, _ in group])
            except MnemosyneError as error:
                answers = [error] * len(group)
            except Exception as error:
                answers = [StoreError(f"the writer failed: {type(error).__name__}: {error}")] * len(group)
            for (_, future), answer in zip(group, answers, strict=True):
                if not future.done():
                    future.set_result(answer)
            self._room.leave(sum(rows_of(append.rows, append.payloads) for append, _ in group))
            news = {(row.run, row.type, row.done) for append, _ in group for row in append.rows}
            self._wake(news)
            if not self._closing and any(type_ in TYPES for _, type_, _ in news):
                self._indexing.committed()
            await self._keep_house()

    async def _keep_house(self) -> None:
        if self._closing:
            return
        if self._writer.has_old:
            await self._write(self._writer.forget)
        await self._checkpoint()

    async def _checkpoint(self) -> None:
        """Move a long write-ahead log into the file: most of it beside the commits, then what they added meanwhile
        between two of them. Without the second step the log never begins anew while commits follow each other."""
        if self._writer.log_pages < LOG_PAGES:
            return
        if self._checkpoints is None:
            self._checkpoints = asyncio.get_running_loop().run_in_executor(self._checkpointer, checkpoint, self._path)
        elif self._checkpoints.done():
            await self._write(checkpoint, self._path)
            self._checkpoints = None

    async def _write(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, lambda: function(*args, **kwargs))

    async def _look(self, question: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        if self._reads:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._reads, lambda: question(*args, **kwargs))
        with self._writer.told():
            return question(*args, **kwargs)

    def _wake(self, news: Collection[tuple[str, str, bool]]) -> None:
        """Tell the readers that wait for one of these (run, type, whether it completes its item)."""
        for waiter in self._waiters:
            if any(waiter.wants(*event) for event in news):
                waiter.news.set()

    async def read_rows(
        self, run: str | None, after: int, max_wait_s: float, exclude: Collection[str], limit: int
    ) -> list[tuple[int, float, str]]:
        """Store.read as (seq, at, body)."""
        waiter = Waiter(run, frozenset(exclude), asyncio.Event())
        self._waiters.add(waiter)  # before the look, so that no commit falls between look and wait
        try:
            rows = await self._look(self._reader.rows, run, after, exclude, limit)
            if rows or max_wait_s <= 0:
                return rows
            async with asyncio.timeout(max_wait_s):
                while not rows:
                    await waiter.news.wait()
                    waiter.news.clear()
                    rows = await self._look(self._reader.rows, run, after, exclude, limit)
                return rows
        except TimeoutError:
            return []
        finally:
            self._waiters.discard(waiter)

    async def append(self, id: str, events: Sequence[Event], payloads: Mapping[str, str] | None = None) -> Receipt:  # noqa: A002
        """See Store."""
        rows = [to_row(event) for event in events]
        return Receipt(await self.append_rows(id, rows, payloads or {}))

    async def read(
        self, run: str | None, after: int, max_wait_s: float, *, exclude: Collection[str] = (), limit: int = 2000
    ) -> list[Event]:
        """See Store."""
        return from_rows(await self.read_rows(run, after, max_wait_s, exclude, limit))

    async def accept_stated(self, plan: Accept, items: Sequence[tuple[str, str]], reused: Sequence[str]) -> RunRecord:
        """Store.accept with the items as (id, JSON) and what is reused as JSON."""
        return await self._accept(plan._replace(reused=_reused(reused)), [Stated(*item) for item in items])

    async def accept(self, plan: Accept) -> RunRecord:
        """See Store."""
        return await self._accept(plan, stated(plan.items))

    async def _accept(self, plan: Accept, items: Sequence[Stated]) -> RunRecord:
        record = await self._write(self._writer.accept, plan, items)
        self._wake([(run, type_, False) for run in (plan.run, plan.revises) if run for type_ in ACCEPTED])
        return record

    async def claim(self, run: str, driver: str, seen: int | None = None) -> int:
        """See Store."""
        return await self.claim_once(uuid.uuid4().hex, run, driver, seen)

    async def claim_once(self, claim: str, run: str, driver: str, seen: int | None) -> int:
        """Store.claim with an id of its own: sent again after a lost answer it is the same claim."""
        return await self._write(self._writer.claim, claim, run, driver, seen)

    async def register(self, agent: str, role: Role, pid: int, node: str) -> int:
        """See Store."""
        generation = await self._write(self._writer.register, agent, role, pid, node, uuid.uuid4().hex)
        self._wake([(FLEET, "agent_started", False)])
        return generation

    async def items(self, run: str) -> tuple[Item, ...]:
        """See Store."""
        return await self._look(self._reader.items, run)

    async def item_bodies(self, run: str) -> list[str]:
        """The accepted items as JSON."""
        return await self._look(self._reader.item_bodies, run)

    async def run(self, name: str) -> RunRecord:
        """See Store."""
        return await self._look(self._reader.run, name)

    async def recall(self, question: Question) -> list[Recalled]:
        """See Store."""
        if question.results:  # what was remembered is indexed with its event
            await self._indexing.catch_up()
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._recalls, self._recall, question)

    def _recall(self, question: Question) -> list[Recalled]:
        """In a thread, which a question may take for some milliseconds, with a connection of its own."""
        reader = Reader(self._path)
        try:
            with self._writer.told():
                return reader.recall(question, time.time())
        finally:
            reader.close()

    async def recall_rows(self, *question: Any) -> list[tuple[str, float]]:
        """Store.recall with the memories as JSON."""
        found = await self.recall(Question(*question))
        return [(one.memory.model_dump_json(), one.score) for one in found]

    async def account(self) -> Account | None:
        """See Store."""
        return await self._look(self._reader.account)

    async def account_json(self) -> dict[str, Any] | None:
        """The same as JSON."""
        account = await self.account()
        return account and account.to_json()

    async def payloads(self, refs: Collection[str]) -> dict[str, str]:
        """See Store."""
        return await self._look(self._reader.payloads, refs)


def _reused(bodies: Sequence[str]) -> tuple[TakenOver, ...]:
    events = from_rows((0, 0.0, body) for body in bodies)
    return tuple(event for event in events if isinstance(event, ItemReused | ItemsAdded))

"""The store's public twin: everything Store promises, in this process and gone with it. For tests and simulations."""

import asyncio
import time
from bisect import bisect_right
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from itertools import count
from operator import attrgetter
from typing import NamedTuple

from actors.errors import NotFound, PayloadMissing, StaleTerm, StoreUnusable, UserError
from actors.events import FLEET, AgentStarted, CancelRequested, Event, ItemsAdded
from actors.journal.memories import MemoryForgotten
from actors.journal.reading import is_read
from actors.memory import memories, query
from actors.memory.memory import Memory, MemoryType, belongs
from actors.memory.recall import Candidate, Question, Recalled, best
from actors.spending.account import Account
from actors.stores import acceptance, attempt
from actors.stores.attempt import Attempt
from actors.stores.memory_budget import MemoryBudget
from actors.stores.protocol import UNAFFORDABLE, Accept, Receipt, RunRecord
from actors.work import Item, Role

SEQ = attrgetter("seq")


class Waiter(NamedTuple):
    """A reader at the end of the journal."""

    run: str | None
    """None: every run's."""
    news: asyncio.Event


class MemoryStore:
    """A Store for one event loop. `on_commit` hears of the new events of each commit, before anybody reads them."""

    def __init__(
        self, clock: Callable[[], float] = time.time, on_commit: Callable[[Sequence[Event]], None] = lambda _: None
    ) -> None:
        self.journal: list[Event] = []
        """Every event, in order; event n has seq n + 1."""
        self._clock, self._on_commit = clock, on_commit
        self._records: dict[str, RunRecord] = {}
        self._items: dict[str, tuple[Item, ...]] = {}
        self._attempts: dict[str, dict[str, Attempt]] = {}
        self._events: dict[str, list[Event]] = {FLEET: []}
        self._receipts: dict[str, Receipt] = {}
        self._payloads: dict[str, str] = {}
        self._generations: dict[str, int] = {}
        self._waiters: list[Waiter] = []
        self._fleet = MemoryBudget()

    def _find(self, name: str) -> RunRecord:
        found = self._records.get(name) or self._first(lambda record: record.key == name)
        if found is None:
            raise NotFound(f"there is no run {name!r}; `mnemosyne status` lists the runs of this home")
        return found

    def _first(self, wanted: Callable[[RunRecord], bool]) -> RunRecord | None:
        return next(filter(wanted, reversed(self._records.values())), None)

    def _commit(self, events: Iterable[Event]) -> None:
        """Make events part of the journal; their seqs follow each other."""
        at, begin = self._clock(), len(self.journal)
        for event in events:
            kept = event.model_copy(update={"seq": len(self.journal) + 1, "at": at})
            self.journal.append(kept)
            self._events[kept.run and self._find(kept.run).run].append(kept)
        new = self.journal[begin:]
        if new:
            self._on_commit(new)
        for waiter in self._waiters:
            if any(waiter.run is None or event.run in (waiter.run, FLEET) for event in new):
                waiter.news.set()

    async def append(self, id: str, events: Sequence[Event], payloads: Mapping[str, str] | None = None) -> Receipt:  # noqa: A002
        """See Store."""
        if id in self._receipts:
            return self._receipts[id]
        for event in events:
            self._check_term(event.run, event.__dict__.get("term", 0))
        self._payloads = {**(payloads or {}), **self._payloads} if payloads else self._payloads
        free = count(len(self.journal) + 1)
        seqs = [self._take(event, free) for event in events]
        self._receipts[id] = Receipt(tuple(seqs))
        self._commit(event for event, seq in zip(events, seqs, strict=True) if seq)
        return self._receipts[id]

    def _take(self, event: Event, free: Iterator[int]) -> int | None:
        if self._fleet.refuses(event):
            return UNAFFORDABLE
        if not self._swap(event):
            return None
        self._fleet.note(event.run, event)
        return next(free)

    async def account(self) -> Account | None:
        """See Store."""
        return self.left

    @property
    def left(self) -> Account | None:
        """The same at once."""
        return self._fleet.account

    def _check_term(self, run: str, term: int) -> None:
        if run == FLEET:
            return
        record = self._find(run)
        if term and term != record.term:
            raise StaleTerm(f"run {run} is driven by {record.driver} in term {record.term}; term {term} is over")

    def _swap(self, event: Event) -> bool:
        item = event.__dict__.get("item")
        if not item:
            return True
        run = event.run and self._find(event.run).run
        attempts = self._attempts[run] if run else {}
        new = event.items if isinstance(event, ItemsAdded) else ()
        if item not in attempts or any(one.id in attempts for one in new) or not attempts[item].swap(event):
            return False
        if new:
            attempts.update((one.id, Attempt()) for one in new)
            self._items[run] += new
            self._records[run] = self._records[run]._replace(items=len(attempts))
        return True

    async def read(
        self, run: str | None, after: int, max_wait_s: float, *, exclude: Collection[str] = (), limit: int = 2000
    ) -> list[Event]:
        """See Store."""
        run = run and self._find(run).run
        found = self._after(run, after, exclude, limit)
        if found or max_wait_s <= 0:
            return found
        waiter = Waiter(run, asyncio.Event())
        self._waiters.append(waiter)
        try:
            async with asyncio.timeout(max_wait_s):
                while not (found := self._after(run, after, exclude, limit)):
                    await waiter.news.wait()
                    waiter.news.clear()
                return found
        except TimeoutError:
            return []
        finally:
            self._waiters.remove(waiter)

    def _after(self, run: str | None, after: int, exclude: Collection[str], limit: int) -> list[Event]:
        logs = (self.journal,) if run is None else tuple(self._events[name] for name in {run, FLEET})
        parts = (events[bisect_right(events, after, key=SEQ) :] for events in logs)
        return sorted((e for part in parts for e in part if is_read(e, exclude)), key=SEQ)[:limit]

    async def accept(self, plan: Accept) -> RunRecord:
        """See Store. A second accept of the same run id is the first."""
        if known := self._same(plan):
            return known
        old = None if plan.revises is None else self._find(plan.revises)
        plan = plan if old is None else plan._replace(key=plan.key or old.key, revises=old.run)
        attempts = {item.id: Attempt() for item in plan.items}
        if len(attempts) < len(plan.items):
            raise StoreUnusable(f"two items of run {plan.run} have the same id; nothing of this was written")
        payloads = {**plan.payloads, **self._payloads}
        added = attempt.take_over(plan, attempts, payloads)
        self._payloads, self._attempts[plan.run] = payloads, attempts
        self._items[plan.run] = (*plan.items, *added)
        if old:
            self._records[old.run] = old._replace(key=None)
        self._records[plan.run] = RunRecord(*plan[:5], 0, None, len(self.journal) + 1, len(attempts), plan.revises)
        self._events[plan.run] = []
        ended = not old or any(event.type == "run_finished" for event in self._events[old.run])
        cancel = [] if ended or not old else [CancelRequested(run=old.run)]
        self._commit([acceptance.event(plan, len(plan.items)), *plan.reused, *cancel])
        return self._records[plan.run]

    def _same(self, plan: Accept) -> RunRecord | None:
        if plan.run in self._records:
            return self._records[plan.run]
        revised = None if plan.revises is None else self._find(plan.revises).run
        again = self._first(lambda record: revised is not None and record.revises == revised)
        if again and again.is_of(plan):
            return again
        owner = self._first(lambda record: plan.key is not None and record.key == plan.key)
        if owner is None or owner.run == revised:
            return None
        if owner.is_of(plan):
            return owner
        raise UserError(
            f"the key {plan.key!r} belongs to run {owner.run}, which has another plan or model; choose another --key, "
            f"or let this plan take over what that run has: `mnemosyne resume {plan.key} --plan FILE`"
        )

    async def claim(self, run: str, driver: str, seen: int | None = None) -> int:
        """See Store."""
        record = self._find(run)
        if seen is not None and seen != record.term:
            raise StaleTerm(f"run {run} is driven by {record.driver} in term {record.term}; term {seen} is over")
        self._records[record.run] = record._replace(term=record.term + 1, driver=driver)
        return record.term + 1

    async def register(self, agent: str, role: Role, pid: int, node: str) -> int:
        """See Store."""
        generation = self._generations[agent] = self._generations.get(agent, 0) + 1
        self._commit([AgentStarted(agent=agent, role=role, generation=generation, pid=pid, node=node)])
        return generation

    async def items(self, run: str) -> tuple[Item, ...]:
        """See Store."""
        return self._items[self._find(run).run]

    async def run(self, name: str) -> RunRecord:
        """See Store."""
        return self._find(name)

    async def recall(self, question: Question) -> list[Recalled]:
        """See Store; every memory fits equally well."""
        known, wanted, least = self._memories(), query.parse(question.text), question.min_importance
        fits = {
            number: memory
            for number, memory in enumerate(known)
            if memory.importance >= least
            and (question.results or memory.kind is not MemoryType.RESULT)
            and (question.namespace is None or belongs(memory.namespace, question.namespace))
            and query.matches(wanted, self._words(memory))
        }
        candidates = (Candidate(number, 1.0, one.importance, one.at) for number, one in fits.items())
        return [Recalled(fits[key], score) for key, score in best(candidates, question.limit, self._clock())]

    def _memories(self) -> list[Memory]:
        found: dict[str, Memory] = {}
        forgotten = {event.memory for event in self.journal if isinstance(event, MemoryForgotten)}
        for event in self.journal:
            plan = self._records[event.run].name if event.run else ""
            if (memory := memories.memory_of(event, plan)) and memory.id not in forgotten:
                found[memory.id] = memory
        return list(found.values())

    def _words(self, memory: Memory) -> list[str]:
        text = memory.content.text or self._payloads.get(memory.content.ref or "", "")
        return [*query.words(memory.item), "\n", *query.words(text), "\n", *query.words(" ".join(memory.tags))]

    async def payloads(self, refs: Collection[str]) -> dict[str, str]:
        """See Store."""
        if missing := [ref for ref in refs if ref not in self._payloads]:
            raise PayloadMissing(f"the store misses {len(missing)} payloads, the first is {missing[0]}")
        return {ref: self._payloads[ref] for ref in refs}

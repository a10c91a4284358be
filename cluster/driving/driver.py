"""The only loop: reads the journal, lets the run state decide, carries out its commands. Decides nothing itself."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import suppress

from actors.errors import PayloadMissing, StaleTerm, StoreDamaged, StoreError, StoreUnusable
from actors.events import DRIVER_TYPES, FLEET, Event, ItemAssigned, RunStarted
from actors.stores.protocol import UNAFFORDABLE, RunRecord, Store
from actors.work import Item, ItemState, RunStatus
from cluster.driving.link import Link
from cluster.driving.ports import AgentPort
from cluster.run.commands import (
    AgentAttached,
    Append,
    Cancel,
    Command,
    Drain,
    Fetch,
    Fetched,
    FleetAccount,
    Stimulus,
    Submit,
    Unaffordable,
)
from cluster.run.graph import WorkGraph
from cluster.run.state import RunState

READ_WAIT_S = 5.0
BUDGET_POLL_S = 1.0
"""A run that the fleet's budget has no room for looks so often whether others have given back what they do not use."""
STORE_RETRY_S = 1.0
FIRST_AGENTS_S = 0.5

OWN = DRIVER_TYPES - {"run_started"}
"""What a driver does not read: it hears of its own facts once they are on disk. A start that is not its own ends it."""

UNREAD = (
    "agent_heartbeat",
    "rate_limited",
    "agent_error_recorded",
    "agent_health_degraded",
    "context_filled",
    "memory_recalled",
    "memory_stored",
    "memory_forgotten",
)
"""Of the fleet: nothing follows from them for a run."""

PAGE = 2000
"""Events of one read while a driver takes over; fewer are the last."""

CHUNK = 512
"""Facts in one append at most: the agents begin with the first items while the next are written."""

PART = 256
"""Items that are assigned at a time: the first are on their way to the journal while the next are chosen."""

WIDE = 64
GATHER_S = 0.003
"""With so many items active, outcomes are read so far apart: a few more at once cost less than each alone."""


def before_each_attach(stimuli: Sequence[Stimulus]) -> list[list[Stimulus]]:
    """Cut so that what comes before an AgentAttached has been carried out when its link forgets what it queued."""
    batches: list[list[Stimulus]] = [[]]
    for stimulus in stimuli:
        last = batches[-1]
        if isinstance(stimulus, AgentAttached) and last and not isinstance(last[-1], AgentAttached):
            batches.append([])
        batches[-1].append(stimulus)
    return batches


class Driver:
    """Drives one run in one term. Whatever it knows it can read again; killing it loses nothing."""

    def __init__(self, record: RunRecord, store: Store, agents: Mapping[str, AgentPort], name: str) -> None:
        self._record, self._store, self._agents, self._name = record, store, agents, name
        self._inbox: list[Stimulus] = []
        self._news = asyncio.Event()
        self._owed: list[Event] = []  # on their way to the journal
        self._texts: dict[str, str] = {}  # that they refer to
        self._fetches = asyncio.Queue[Fetch]()
        self._owing = asyncio.Event()
        self._asking = asyncio.Event()  # for what is left of the fleet's budget
        self._links: dict[str, Link] = {}
        self._state: RunState | None = None

    @property
    def paused(self) -> bool:
        """Whether the run is paused or waiting, and nothing is active."""
        return self._state is not None and self._state.idle

    def drain(self) -> None:
        """Assign nothing new; `drive` returns once nothing is active any more and the run is paused."""
        self._hear(Drain())

    async def drive(self) -> RunStatus:
        """Take the run and bring every item to its terminal state. Raises StaleTerm when another driver has taken it.

        Returns a terminal status, or PAUSED after `drain`.
        """
        run = self._record.run
        seen = self._record.term  # who claimed it since then drives it
        claim, items_, fleet_ = self._store.claim(run, self._name, seen), self._store.items(run), self._read_fleet()
        term, items, fleet = await asyncio.gather(claim, items_, fleet_)
        self._links = {name: Link(name, agent, run, term, self._hear) for name, agent in self._agents.items()}
        async with asyncio.TaskGroup() as tasks:
            helpers = [tasks.create_task(link.serve()) for link in self._links.values()]
            try:
                state, cursor = await self._replay(term, items, fleet)
                if not state.finished:
                    self._state, state.most = state, PART
                    self._owed.append(RunStarted(run=run, term=term, driver=self._name))
                    self._carry_out(state.start(term, {name: agent.role for name, agent in self._agents.items()}))
                    helpers += map(
                        tasks.create_task, (self._read(term, cursor), self._append(), self._fetch(), self._ask())
                    )
                    await self._decide(state)
            finally:
                for helper in helpers:
                    helper.cancel()
        return state.status

    async def _replay(self, term: int, items: tuple[Item, ...], fleet: Sequence[Event]) -> tuple[RunState, int]:
        run, cursor = self._record.run, self._record.accepted_seq - 1  # the acceptance tells the budget
        plan = tuple(item for item in items if item.parent is None)  # the journal tells what it grew by
        state = RunState(run, WorkGraph(plan), self._record.model)
        state.replay(fleet)
        async for page in self._pages(run, cursor):
            self._check_starts(term, page)
            state.replay(page)
            cursor = page[-1].seq
        return state, cursor

    async def _read_fleet(self) -> list[Event]:
        """What happened to agents and models before the run was accepted."""
        end, events = self._record.accepted_seq, list[Event]()
        async for page in self._pages(FLEET, 0):
            events += [event for event in page if event.seq < end]
            if page[-1].seq >= end:
                break
        return events

    async def _pages(self, run: str, cursor: int) -> AsyncIterator[list[Event]]:
        """What is in the journal now."""
        whole = True
        while whole and (page := await self._store.read(run, cursor, 0, exclude=UNREAD, limit=PAGE)):
            cursor, whole = page[-1].seq, len(page) == PAGE
            yield page

    async def _decide(self, state: RunState) -> None:
        stimuli = await self._first_agents()
        while not (state.finished or state.drained):
            stimuli = stimuli or await self._heard()
            for batch in before_each_attach(stimuli):
                for stimulus in batch:
                    if isinstance(stimulus, AgentAttached):
                        self._links[stimulus.agent].go()
                self._carry_out(state.handle(*batch))
            stimuli = []
            while state.more:
                await asyncio.sleep(0)  # what was assigned sets out
                self._carry_out(state.handle())

    def _hear(self, *stimuli: Stimulus) -> None:
        self._inbox += stimuli
        self._news.set()

    async def _heard(self) -> list[Stimulus]:
        await self._news.wait()
        self._news.clear()
        stimuli, self._inbox = self._inbox, []
        return stimuli

    async def _first_agents(self) -> list[Stimulus]:
        """What comes in until every agent answered, or FIRST_AGENTS_S: so that the first items are spread evenly."""
        stimuli: list[Stimulus] = []
        with suppress(TimeoutError):
            async with asyncio.timeout(FIRST_AGENTS_S):
                while sum(isinstance(stimulus, AgentAttached) for stimulus in stimuli) < len(self._agents):
                    stimuli += await self._heard()
        return stimuli

    def _carry_out(self, commands: Sequence[Command]) -> None:
        submits: dict[str, list[Submit]] = {}
        for command in commands:
            match command:
                case Append(event, texts):
                    self._owed.append(event)
                    self._texts.update(texts)
                case Fetch():
                    self._fetches.put_nowait(command)
                case Submit(agent, _):
                    submits.setdefault(agent, []).append(command)
                case Cancel(agent, item, epoch):
                    self._links[agent].cancel(item, epoch)
        if self._owed:
            self._owing.set()
        if self._state and self._state.wants_account:
            self._asking.set()
        for agent, batch in submits.items():
            self._links[agent].send([submit.task for submit in batch])

    async def _read(self, term: int, cursor: int) -> None:
        while True:
            try:
                events = await self._store.read(self._record.run, cursor, READ_WAIT_S, exclude=(*OWN, *UNREAD))
            except StoreDamaged:
                raise
            except StoreError:
                await asyncio.sleep(STORE_RETRY_S)
                continue
            self._check_starts(term, events)
            self._hear(*(event for event in events if not isinstance(event, RunStarted)))
            cursor = events[-1].seq if events else cursor
            if self._state and self._state.counts[ItemState.ACTIVE] > WIDE:
                await asyncio.sleep(GATHER_S)

    def _check_starts(self, term: int, events: Sequence[Event]) -> None:
        """Raise StaleTerm if another driver has begun: what follows does not fit what this one knows."""
        for event in events:
            if isinstance(event, RunStarted) and event.term > term:
                told = f"run {event.run} is driven by {event.driver} in term {event.term}; term {term} is over"
                raise StaleTerm(told)

    async def _fetch(self) -> None:
        while True:
            wanted = await self._fetches.get()
            self._hear(await self._fetched(wanted))

    async def _fetched(self, wanted: Fetch) -> Fetched:
        refs = {content.ref for content in wanted.contents if content.ref is not None}
        while True:
            try:
                found = await self._store.payloads(refs) if refs else {}
                texts = (
                    content.text or "" if content.ref is None else found[content.ref] for content in wanted.contents
                )
                return Fetched(wanted.item, tuple(texts))
            except PayloadMissing as error:
                return Fetched(wanted.item, problem=str(error))
            except StoreDamaged:
                raise
            except StoreError:
                await asyncio.sleep(STORE_RETRY_S)

    async def _ask(self) -> None:
        while True:
            await self._asking.wait()
            with suppress(StoreError):  # asked again
                self._hear(FleetAccount(await self._store.account()))
            await asyncio.sleep(BUDGET_POLL_S)
            if not (self._state and self._state.wants_account):
                self._asking.clear()

    async def _append(self) -> None:
        while True:
            await self._owing.wait()
            self._owing.clear()
            while self._owed:
                events, self._owed = self._owed[:CHUNK], self._owed[CHUNK:]
                texts, self._texts = self._texts, {}
                await self._append_once(events, texts)

    async def _append_once(self, events: list[Event], texts: Mapping[str, str]) -> None:
        id_ = uuid.uuid4().hex
        while True:
            try:
                receipt = await self._store.append(id_, events, texts)
            except (StaleTerm, StoreDamaged):
                raise
            except StoreError:  # disk full or the like: goes on by itself
                await asyncio.sleep(STORE_RETRY_S)
                continue
            break
        for event, seq in zip(events, receipt.seqs, strict=True):
            if isinstance(event, ItemAssigned) and seq == UNAFFORDABLE:
                self._hear(Unaffordable(event))
            elif event.type in DRIVER_TYPES:
                if seq is None:
                    raise StoreUnusable(f"the journal refused {event}; please report it")
                self._hear(event)

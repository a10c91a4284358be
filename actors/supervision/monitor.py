"""The health monitor: watches a fleet, restarts what hangs, admits what comes back, writes down what it sees.

What follows from what is decided in actors/health/; here is only how it is learned and how it is done.
"""

import asyncio
import logging
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from random import Random
from typing import TypeVar

from actors.errors import AgentGone, FleetError, StoreError
from actors.events import Event
from actors.health.decisions import Admit, Decision, GiveUp, Record, Restart
from actors.health.health import Health
from actors.health.observations import Admitted, Died, Found, Observation, Requested, Round, Silent, Tick
from actors.journal.fleet import AgentHeartbeat, AgentResetRequested, AgentRestartRequested
from actors.journal.reading import RESULT
from actors.roles.agent import Before
from actors.settings import HealthSettings
from actors.stores.protocol import Store
from actors.supervision.guard import Guarded, guard
from actors.supervision.past import RETRY_S, UNREAD, insist, past
from actors.supervision.pings import Pings
from actors.supervision.told import Told, Wish
from actors.supervision.wards import Hello, Ward

READ_WAIT_S = 5.0
GATHER_S = 0.2
"""The journal is read so often at most: a fleet at full speed writes thousands of rows a second."""

ANSWER_S = 1.0
"""So long everybody waits for one process that is to take work, or that is to be ended and is asked who it is."""

T = TypeVar("T")

log = logging.getLogger(__name__)


def steady() -> Callable[[], float]:
    """Unix seconds that never go back."""
    began = time.time() - time.monotonic()
    return lambda: began + time.monotonic()


class Monitor:
    """Watches `wards`, the agents, by id, and the processes that support them.

    `watch` never returns; another one in its place goes on from the journal.
    """

    def __init__(
        self,
        store: Store,
        wards: Mapping[str, Ward],
        settings: HealthSettings,
        support: Mapping[str, Guarded] | None = None,
        clock: Callable[[], float] | None = None,
    ) -> None:
        self._settings, self._support = settings, support or {}
        self._store, self._wards, self._clock = store, wards, clock or steady()
        self._health = Health(settings, Random())  # noqa: S311 - spreads restarts
        self._hellos: dict[str, Hello] = {}
        """The processes that answer now."""
        self._told = Told()
        self._pings = Pings(wards, settings, self._clock)
        self._doing = asyncio.Lock()

    async def watch(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            for name, process in self._support.items():  # first: a store that hangs could not be read
                tasks.create_task(guard(name, process, self._settings, self._pings.heard))
            listening = [tasks.create_task(self._pings.listen(ward)) for ward in self._wards.values()]
            cursor, owed = await self._recall()
            for listener in listening:
                listener.cancel()
            for observation in owed:
                await self._observe(observation)
            for wish in list(self._told.wishes.values()):
                await self._grant(wish)
            tasks.create_task(self._read(cursor))
            tasks.create_task(self._ping(tasks))
            tasks.create_task(self._tick())
            tasks.create_task(self._beat())
            for agent in self._wards:
                tasks.create_task(self._keep(agent))

    async def _recall(self) -> tuple[int, list[Observation]]:
        """Take over what an earlier monitor wrote: where to read on, and faults that it had not counted yet."""
        window_s = max(self._settings.window_s, self._settings.restarts_window_s)
        rows, cursor = await past(self._store, self._clock(), window_s)
        for event in rows:
            self._told.note(event)
        return cursor, self._health.replay(rows, self._clock())

    async def _read(self, cursor: int) -> None:
        while True:
            calm = self._health.is_calm
            unread = UNREAD | {RESULT} if calm else UNREAD
            try:
                events = await self._store.read(None, cursor, READ_WAIT_S, exclude=unread)
            except StoreError:
                await asyncio.sleep(RETRY_S)
                continue
            for event in events:
                await self._hear(event)
                cursor = event.seq
                if calm and not self._health.is_calm:
                    break  # from here on results count: the rest is read again with them
            await asyncio.sleep(GATHER_S)

    async def _hear(self, event: Event) -> None:
        self._told.note(event)
        for observation in self._health.read(event):
            await self._observe(observation)
        if isinstance(event, AgentRestartRequested | AgentResetRequested):
            await self._grant(event)

    async def _grant(self, wish: Wish) -> None:
        """What a person asked for, of an agent of this fleet."""
        if wish.agent not in self._wards:
            return
        if isinstance(wish, AgentRestartRequested):
            await self._observe(Requested(wish.agent))
        elif wish.agent in self._told.missing:
            async with self._doing:
                with suppress(FleetError):  # it is gone, or on its way
                    await self._end(wish.agent, 0)
            await self._wards[wish.agent].renew()

    async def _ping(self, tasks: asyncio.TaskGroup) -> None:
        judging: asyncio.Task[list[Decision]] | None = None
        while True:
            round_ = await self._pings.round(self._hellos)
            if judging is None or judging.done():  # else the store keeps it waiting, and is ended only if others answer
                judging = tasks.create_task(self._observe(round_))

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(RETRY_S)
            wake = self._health.wake_at()
            if wake is not None and wake <= self._clock():
                await self._observe(Tick())

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(self._settings.heartbeat_s)
            idle = self._pings.idle()
            beats = [AgentHeartbeat(agent=agent, generation=generation) for agent, generation in idle.items()]
            if beats:
                await self._append(beats)

    async def _keep(self, agent: str) -> None:
        """One process of the agent after the other."""
        ward = self._wards[agent]
        while True:
            try:
                hello = await self._answer(agent, ward.hello)
                await self._welcome(agent, ward, hello)
            except FleetError:  # on its way, or gone for good until it is renewed
                await asyncio.sleep(RETRY_S)
                continue
            ended = await ward.end_of(hello)
            generation = self._hellos.pop(agent).generation
            await self._observe(Died(agent, generation, ended.cause, ended.message))

    async def _welcome(self, agent: str, ward: Ward, hello: Hello) -> None:
        """Enrol a new process once the end of the one before is on record; take over one that works."""
        if not hello.generation:
            if last := self._told.started.get(agent):
                await self._observe(Died(agent, last.generation, *await ward.unseen_end(last.node)))
            if self._health.has_failed(agent):
                await ward.end(for_good=True)
                raise AgentGone(f"{agent} was given up")
            await self._answer(agent, ward.enroll)
        pid = hello.pid
        while not hello.generation:
            await asyncio.sleep(RETRY_S / 10)
            hello = await self._answer(agent, ward.hello)
            if hello.pid != pid:
                raise AgentGone(f"{agent}: process {pid} ended while it started")
        self._hellos[agent] = hello
        await self._observe(Found(agent, hello.generation, hello.admitted))

    async def _answer(self, agent: str, ask: Callable[[], Awaitable[T]]) -> T:
        """What a process says that is not pinged yet. One that should answer, and does not, is ended."""
        silent_s = 0.0
        while True:
            try:
                async with asyncio.timeout(self._settings.silent_s):
                    return await ask()
            except TimeoutError:
                silent_s += self._settings.silent_s
            if self._pings.hears() or silent_s >= self._settings.silent_node_s:
                decided = await self._observe(Silent(agent, silent_s))
                if any(isinstance(one, Restart | GiveUp) and one.agent == agent for one in decided):
                    raise AgentGone(f"{agent} did not answer and was ended")  # the next has all of the time again

    async def _observe(self, observation: Observation) -> list[Decision]:
        asked = self._clock()
        async with self._doing:
            now = self._clock()
            if isinstance(observation, Round):  # what was silent then may have answered by now
                observation = observation._replace(late_s=observation.late_s + now - asked)
            decisions = self._health.handle(observation, now)
            await self._carry_out(decisions)
        return decisions

    async def _carry_out(self, decisions: Sequence[Decision]) -> None:
        if facts := [decision.event for decision in decisions if isinstance(decision, Record)]:
            await self._append(facts)
        for decision in decisions:
            try:
                await self._do(decision)
            except (FleetError, TimeoutError) as error:  # it is asked for again
                log.warning("%s: %s", decision, error)

    async def _do(self, decision: Decision) -> None:
        match decision:
            case Admit(agent, generation, _, explained, guilty):
                before = Before(explained, tuple((g.run, g.item, g.epoch, g.message) for g in guilty))
                async with asyncio.timeout(ANSWER_S):
                    await self._wards[agent].admit(before)
                await self._carry_out(self._health.handle(Admitted(agent, generation), self._clock()))
            case Restart(agent, generation):
                await self._end(agent, generation)
            case GiveUp(agent):  # whatever process took its place
                await self._wards[agent].end(for_good=True)

    async def _end(self, agent: str, generation: int) -> None:
        """If the agent's process is this one, or does not say; one that says 0 is on its way."""
        try:
            async with asyncio.timeout(ANSWER_S):
                hello = await self._wards[agent].hello()
        except TimeoutError:
            log.warning("%s does not answer and is ended; it is started again", agent)
        else:
            if not 0 < generation == hello.generation:
                return
        await self._wards[agent].end(for_good=False)

    async def _append(self, events: Sequence[Event]) -> None:
        id_ = uuid.uuid4().hex
        await insist(partial(self._store.append, id_, events))

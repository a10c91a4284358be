"""One simulated run: its plan, its drivers, the people who want something of it, and how it must end."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from random import Random
from typing import Any

from actors.errors import StoreError
from actors.events import CancelRequested, ContinueRequested, Event, ItemReused, PauseRequested, RunPaused, RunStarted
from actors.stores.memory import MemoryStore
from actors.stores.protocol import Accept, TakenOver
from actors.work import Content, Result
from cluster.run.graph import WorkGraph
from cluster.run.state import RunState
from tests.simulation.checker import FINISHED, Checker, Violation
from tests.simulation.drivers import Drivers
from tests.simulation.lists import EACH, LISTING, taken_over
from tests.simulation.network import Network
from tests.simulation.ports import StorePort
from tests.simulation.process import Process
from tests.simulation.servers import AgentHost, StoreServer
from tests.simulation.work import random_plan, reviewed

LIMIT_S = 900.0
"""Virtual seconds after which nobody drives a run that has finished."""

STOPS = ("quota", "credentials")
"""Reasons of a pause that only a person can mend."""

Spawn = Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]]


class SimulatedRun:
    """A run from its acceptance until nobody drives it any more. `blame` hears what is wrong."""

    def __init__(
        self,
        id_: str,
        net: Network,
        rng: Random,
        server: StoreServer,
        hosts: Sequence[AgentHost],
        blame: Callable[[BaseException], None],
        reviews: Random | None = None,
        lists: Random | None = None,
    ) -> None:
        """`reviews`: decides which items are reviewed, `lists` what was done of a list; None: no review, no list."""
        self.id, self._net, self._rng, self._server, self._blame = id_, net, rng, server, blame
        self.items = reviewed(random_plan(rng), reviews) if reviews else random_plan(rng)
        self.items += (LISTING, EACH) if lists else ()
        self._lists = lists
        self.checker = Checker(self.items)
        self.drivers = Drivers(id_, net, rng, server, hosts, self.checker.drivers, blame)
        self.over: asyncio.Future[None] = net.loop.create_future()
        """Done once the run has finished and nobody drives it."""
        self._journal: list[Event] = []
        self._people: list[asyncio.Task[None]] = []

    async def accept(self, store: MemoryStore) -> None:
        """Put it on disk; now and then with results of an earlier run."""
        reused: list[TakenOver] = list(taken_over(self.id, self._lists) if self._lists else ())
        plain = [item for item in self.items if item not in (LISTING, EACH)]
        for item in plain if self._rng.random() < 0.1 else ():
            if {event.item for event in reused}.issuperset(item.dependencies) and self._rng.random() < 0.5:
                outcome = Result(data=Content(text=item.id), model="scripted")
                reused.append(ItemReused(run=self.id, item=item.id, origin="earlier", outcome=outcome))
        await store.accept(Accept(self.id, None, self.id, "digest", "scripted", self.items, {}, None, tuple(reused)))

    def see(self, events: Sequence[Event], spawn: Spawn) -> None:
        """Take in one commit's events of this run."""
        was_over = self.checker.status in FINISHED
        self._journal += events
        try:
            self.checker.see(events)
            if any(isinstance(event, RunStarted) for event in events):
                self.replay()
        except Exception as error:
            self._blame(error)
        if any(isinstance(event, RunPaused) and event.reason in STOPS for event in events):
            spawn(self._mend())
        if self.checker.status in FINISHED and not was_over:
            spawn(self._await_drivers())

    async def _mend(self) -> None:
        """A person does what the run is paused for."""
        await asyncio.sleep(self._rng.random() * 20)
        self._ask(ContinueRequested(run=self.id))

    async def _await_drivers(self) -> None:
        """The run has finished: so must everybody who drives it."""
        self.drivers.over = True
        try:
            async with asyncio.timeout(LIMIT_S):
                while self.drivers.living:
                    await asyncio.wait(list(self.drivers.living.values()))
        except TimeoutError:
            names = [process.name for process in self.drivers.living]
            self._blame(Violation(f"run {self.id} has finished and {names} live on"))
        self.over.set_result(None)

    def replay(self) -> None:
        """Raise Violation unless a fresh run state says of the journal what the events say."""
        state, check = RunState(self.id, WorkGraph(self.items), "scripted"), self.checker
        state.replay(self._journal)
        states = {id_: view.state.value for id_, view in state.views.items()}
        check.must(states == check.states(), f"replay gives {states}, the events {check.states()}")
        check.must(state.status.value == check.status, f"replay gives {state.status.value}, the events {check.status}")
        tally = {name: count for name, count in state.tally().items() if count}
        check.must(tally == check.counts(), f"replay counts {tally}, the events {check.counts()}")

    async def settle(self) -> None:
        """The world is calm: nobody wants a pause any more."""
        self.drivers.calm = True
        await asyncio.gather(*self._people, return_exceptions=True)
        self._ask(ContinueRequested(run=self.id))

    def wish(self) -> None:
        """Somebody asks for something."""
        item, run = self._rng.choice(self.items).id, self.id
        cancel = CancelRequested(run=run, target=item)
        wishes: tuple[Event, ...] = (CancelRequested(run=run), cancel, cancel, PauseRequested(run=run))
        self._ask(self._rng.choice((*wishes, PauseRequested(run=run), ContinueRequested(run=run))))

    def _ask(self, wish: Event) -> None:
        person = Process(f"person-{len(self._people) + 1}")
        store = StorePort(self._net, person, self._server)
        self._people.append(person.spawn(_append(store, wish, f"{self.id} {person.name}")))


async def _append(store: StorePort, wish: Event, id_: str) -> None:
    while True:
        try:
            await store.append(id_, [wish])
        except StoreError:
            await asyncio.sleep(1)
        else:
            return

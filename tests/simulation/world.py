"""One seed: the runs, their agents, the store, everything that goes wrong, and the verdict."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from contextvars import copy_context
from random import Random
from typing import Any

from actors.events import Event
from actors.journal.fleet import FleetBudgetSet
from actors.journal.rows import to_row
from actors.spending.budget import Budget
from actors.stores.memory import MemoryStore
from tests.simulation.checker import Violation
from tests.simulation.clock import VirtualLoop
from tests.simulation.faults import Fate, Faults
from tests.simulation.network import Network
from tests.simulation.ports import StorePort
from tests.simulation.process import Process
from tests.simulation.run import SimulatedRun
from tests.simulation.servers import AgentHost, StoreServer
from tests.simulation.strikes import Strikes
from tests.simulation.supervisor import Supervisor
from tests.simulation.work import SimulatedWorker, Till

ROUGH_S = 60.0
"""Virtual seconds after which the world is calm at the latest."""

LIMIT_S = 2000.0
"""Virtual seconds after which every run has finished and nobody drives any more."""

BUDGETS = (0, 2, 4, 8, 16, 32)
"""Faults per seed at most."""

REVIEWED = 0.25
"""Share of the seeds whose items may be reviewed."""

LISTED = 0.2
"""Share of the seeds whose runs go on with a list that was done in part."""

FLEET_TOKENS = (None, None, 5000, 10_000, 30_000)
"""What all runs may take until the world is calm; an attempt is reserved with nearly 5,000."""


class World:
    """Everything of one seed."""

    def __init__(self, seed: int, strikes: Strikes | None = None, store: type[MemoryStore] = MemoryStore) -> None:
        rng, self.loop = Random(seed), VirtualLoop()
        self._rng, self._context = rng, copy_context()
        self._verdict: asyncio.Future[None] = self.loop.create_future()
        self.faults = Faults(rng, self.loop.time, self._beside, 0 if strikes else rng.choice(BUDGETS))
        self.store = store(self.loop.time, self._see)
        self._net = Network(self.loop, rng, self.faults)
        strikes = strikes or Strikes()
        strikes.kill = self._kill
        self.server = StoreServer(self._net, self.store, strikes, self._claimed)
        self._supervisor = Supervisor(rng, self.server)
        self._tokens = Random(f"{seed}").choice(FLEET_TOKENS)  # one of its own, so that the seeds' stories stay
        self._hosts: list[AgentHost] = []
        self._runs: dict[str, SimulatedRun] = {}
        reviews = Random(f"reviews {seed}")
        self._reviews = reviews if reviews.random() < REVIEWED else None
        lists = Random(f"lists {seed}")
        some = self._reviews, lists if lists.random() < LISTED else None
        for id_ in ("r", "s") if rng.random() < 0.15 else ("r",):
            self._runs[id_] = SimulatedRun(id_, self._net, rng, self.server, self._hosts, self.blame, *some)
        checkers = {id_: run.checker for id_, run in self._runs.items()}
        self._till = Till(rng, checkers, self.blame)

    def play(self) -> None:
        """Every run, to its end. Raises Violation."""
        self.loop.set_exception_handler(lambda _, told: self.blame(told.get("exception") or Violation(told["message"])))
        try:
            self.loop.run_until_complete(self._live())
            self._check_end()
        finally:
            self.loop.finish()

    def journal(self) -> list[str]:
        """Every event as JSON, with its place and time."""
        return [f"{event.seq:4} {event.at:10.4f} {to_row(event).body}" for event in self.store.journal]

    def blame(self, error: BaseException) -> None:
        """The seed has failed."""
        if not self._verdict.done():
            violation = error if isinstance(error, Violation) else Violation(f"{type(error).__name__}: {error}")
            violation.__cause__ = None if violation is error else error
            self._verdict.set_exception(violation)

    async def _live(self) -> None:
        for run in self._runs.values():
            await run.accept(self.store)
        if self._tokens:
            await self._set_budget(self._tokens)
        for number in range(self._rng.randint(1, 3)):
            name, slots = f"executor-{number}", self._rng.randint(1, 4)
            self._hosts.append(AgentHost(self._net, name, slots, self.server, self._work))
        if self._reviews:
            for name in ("reviewer-0", "optimizer-0")[: 1 + (self._reviews.random() < 0.7)]:
                self._hosts.append(AgentHost(self._net, name, self._reviews.randint(1, 3), self.server, self._work))
        for run in self._runs.values():
            run.drivers.start()
        self.loop.call_later(ROUGH_S, self._settle)
        over = self._spawn(self._all_over())
        await asyncio.wait((self._verdict, over), timeout=LIMIT_S, return_when=asyncio.FIRST_COMPLETED)
        if self._verdict.done():
            self._verdict.result()
        elif not over.done():
            told = [(run.checker.status, run.checker.counts()) for run in self._runs.values()]
            raise Violation(f"the runs do not end: {told}")

    async def _all_over(self) -> None:
        for run in self._runs.values():
            await run.over

    def _work(self, process: Process, store: StorePort, concurrency: int, crash: Callable[[], None]) -> SimulatedWorker:
        return SimulatedWorker(self._till, process, store, concurrency, crash)

    def _spawn(self, coro: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run outside of every process."""
        return self.loop.create_task(coro, context=self._context.copy())

    def _settle(self) -> None:
        self.faults.left = 0
        if self._tokens:
            self._spawn(self._set_budget(10**9))
        for run in self._runs.values():
            self._spawn(run.settle())

    async def _set_budget(self, tokens: int) -> None:
        await self.store.append(f"budget {tokens}", [FleetBudgetSet(budget=Budget(tokens=tokens))])

    def _claimed(self, run: str, term: int) -> None:
        try:
            self._runs[run].checker.claimed(term)
        except Violation as error:
            self.blame(error)

    def _see(self, events: Sequence[Event]) -> None:
        account = self.store.left
        if account and account.spent_tokens + account.held_tokens > (account.caps.tokens or 0):
            self.blame(Violation(f"the fleet's account is {account}"))
        for id_, run in self._runs.items():
            if mine := [event for event in events if event.run == id_]:
                run.checker.strict = self.faults.orderly
                run.see(mine, self._spawn)

    def _check_end(self) -> None:
        if (account := self.store.left) and account.held_tokens:
            raise Violation(f"every attempt has ended, and the fleet's account is {account}")
        calm = not self.faults.story and not self._till.failing
        for run in self._runs.values():
            run.checker.bill()
            run.checker.judge(calm=calm)
            run.replay()
        for host in self._hosts:
            for error in host.errors():
                raise Violation(f"a task of {host.name} ended with {error!r}")

    def _beside(self, fate: Fate, caller: Process, server: Process) -> None:
        run = self._rng.choice(list(self._runs.values()))
        match fate:
            case Fate.WISH:
                run.wish()
            case Fate.DRAIN:
                run.drivers.drain()
            case Fate.TAKE_OVER:
                run.drivers.take_over()
            case Fate.DRIVERS_DIE:
                run.drivers.kill()
            case Fate.AGENT_DIES:
                self._rng.choice(self._hosts).crash()
            case Fate.AGENT_STOPS:
                self._rng.choice(self._hosts).stop()
            case Fate.AGENT_ENDED:
                self._rng.choice(self._hosts).end()
            case Fate.AGENT_OVERDUE:
                self._rng.choice(self._hosts).end_for(self._rng)
            case Fate.AGENT_FAILS:
                self._spawn(self._supervisor.give_up(self._rng.choice(self._hosts)))
            case Fate.NODE_LOST:
                self._spawn(self._supervisor.lose_the_node(self._rng.choice(self._hosts)))
            case Fate.MODEL_GONE:
                self._spawn(self._supervisor.lose_the_model())
            case _:
                process = caller if fate is Fate.CALLER_FREEZES else server
                process.thaws = self.loop.time() + self._rng.random() * self._rng.choice((1, 10, 60))
                for other in self._runs.values():
                    if process in other.drivers.living and self._rng.random() < 0.5:
                        other.drivers.take_over()

    def _kill(self, kind: str) -> None:
        match kind:
            case "driver":
                for run in self._runs.values():
                    run.drivers.kill()
            case "store":
                self.server.crash()
            case _:
                for host in self._hosts:
                    host.crash()

"""The two kinds of simulated processes that are called: the store's, and an agent's with the real Agent in it."""

from collections.abc import Callable, Coroutine, Iterator
from functools import partial
from math import inf
from random import Random
from typing import Any, Protocol

from actors.errors import AgentGone, MnemosyneError, StoreError
from actors.events import Event
from actors.roles.agent import NOTHING_BEFORE, Agent, Before
from actors.roles.attempt import Worker
from actors.stores.memory import MemoryStore
from actors.work import role_of
from tests.simulation.network import Done, Network
from tests.simulation.ports import StorePort, Unreachable
from tests.simulation.process import Process

COMMITS = {"append", "claim", "register"}

MakeWorker = Callable[[Process, StorePort, int, Callable[[], None]], Worker]
"""Its process, store and concurrency, and what ends its process."""


class Strike(Protocol):
    """Something that happens right before or right after one commit."""

    def before(self, number: int) -> Exception | None:
        """An error: the commit does not happen."""
        ...

    def after(self, number: int) -> Exception | None:
        """An error: it has happened, and its caller is told this."""
        ...


def at_once(coro: Coroutine[Any, Any, Any]) -> Any:
    """The value of a coroutine that waits for nothing."""
    try:
        coro.send(None)
    except StopIteration as end:
        return end.value
    raise AssertionError("it waits")


class StoreServer:
    """The store's process. What it answered stays; while it is down nobody is answered."""

    def __init__(self, net: Network, store: MemoryStore, strike: Strike, claimed: Callable[[str, int], None]) -> None:
        self._net, self._store, self._strike, self._claimed = net, store, strike, claimed
        self.commits = 0
        self.process = Process("store")
        self._waiting: dict[int, Done] = {}
        self._reads = 0

    def unreachable(self) -> Exception:
        """See Server."""
        return Unreachable() if self._net.rng.random() < 0.5 else StoreError("may or may not be written")

    def crash(self) -> None:
        """See Server."""
        self.process.kill()
        waiting, self._waiting = self._waiting, {}
        for done in waiting.values():
            done(self.unreachable())
        self._net.loop.call_later(self._net.rng.random() * self._net.rng.choice((0.2, 2, 20)), self._restart)

    def _restart(self) -> None:
        if not self.process.alive:
            self.process = Process("store")

    def serve(self, caller: Process, method: str, args: tuple[Any, ...], done: Done) -> None:
        """See Server."""
        if not self.process.alive:
            done(self.unreachable())
        elif method == "read":
            self._read(args, done)
        elif method in COMMITS:
            self._commit(caller, method, args, done)
        else:
            done(self._answer(method, args))

    def put(self, id_: str, event: Event) -> bool:
        """Append an event over no network; false while the process is down."""
        if self.process.alive:
            self._answer("append", (id_, [event]))
        return self.process.alive

    def _answer(self, method: str, args: tuple[Any, ...]) -> Any:
        try:
            return at_once(getattr(self._store, method)(*args))
        except MnemosyneError as error:
            return error

    def _commit(self, caller: Process, method: str, args: tuple[Any, ...], done: Done) -> None:
        self.commits += 1
        number, asked_alive = self.commits, caller.alive
        if error := self._strike.before(number):
            done(error)
            return
        if not self.process.alive or (asked_alive and not caller.alive):  # the strike was theirs
            done(self.unreachable())
            return
        answer = self._answer(method, args)
        if method == "claim" and isinstance(answer, int):
            self._claimed(args[0], answer)
        done(self._strike.after(number) or answer)

    def _read(self, args: tuple[Any, ...], done: Done) -> None:
        run, after, max_wait_s, exclude, limit = args
        events = at_once(self._store.read(run, after, 0, exclude=exclude, limit=limit))
        if events or max_wait_s <= 0:
            done(events)
            return
        self._reads += 1
        self._waiting[self._reads] = done
        self.process.spawn(self._wait(self._reads, args))

    async def _wait(self, number: int, args: tuple[Any, ...]) -> None:
        run, after, max_wait_s, exclude, limit = args
        events = await self._store.read(run, after, max_wait_s, exclude=exclude, limit=limit)
        if done := self._waiting.pop(number, None):
            done(events)


class AgentHost:
    """One agent over all its processes; as actors.processes.agent.AgentProcess, which Ray restarts for ever."""

    def __init__(self, net: Network, name: str, concurrency: int, store: StoreServer, worker: MakeWorker) -> None:
        self._net, self.name, self._concurrency, self._store, self._worker = net, name, concurrency, store, worker
        self.agent: Agent | None = None
        self._born = 0
        self._before = NOTHING_BEFORE
        self.process: Process
        self.given_up = False
        self._booting = False
        self._waiting: list[Callable[[], None]] = []
        self._lifelines: list[Done] = []
        self._processes: list[Process] = []
        self._up()

    def errors(self) -> Iterator[BaseException]:
        """What tasks of this agent ended with; none may."""
        for process in self._processes:
            for task in process.tasks:
                if task.done() and not task.cancelled() and (error := task.exception()):
                    yield error

    def _up(self) -> None:
        if self.given_up or (self._born and self.process.alive):
            return
        self._born += 1
        self.process = Process(f"{self.name}#{self._born}", self._died)
        self._processes.append(self.process)
        self._boot()

    def _boot(self) -> None:
        self._booting = True
        self.process.spawn(self._start(self.process))

    async def _start(self, process: Process) -> None:
        store = StorePort(self._net, process, self._store)
        try:
            generation = await store.register(self.name, role_of(self.name), self._born, "here")
        except StoreError:
            self._booting = False
            if self._waiting:
                self._boot()
            return
        self._booting = False
        worker = self._worker(process, store, self._concurrency, self.crash)
        slots, before = self._concurrency, self._before
        self.agent = Agent(self.name, role_of(self.name), generation, worker, store, slots, before)
        waiting, self._waiting = self._waiting, []
        for call in waiting:
            call()

    def unreachable(self) -> Exception:
        """See Server."""
        return AgentGone(f"{self.name} does not answer")

    def crash(self) -> None:
        """See Server. Nobody knows why."""
        self._end(Before(explained=False))

    def _end(self, before: Before) -> None:
        if self.process.alive:
            self._before = before
            self.process.kill()

    def end(self) -> None:
        """By order."""
        self._end(NOTHING_BEFORE)

    def end_for(self, rng: Random) -> None:
        """Because of one of its attempts, if it has any; else by order."""
        held = sorted((o.run, o.item, o.epoch) for o in self.agent.overdue(inf)) if self.agent else []
        guilty = ((*rng.choice(held), "it went on after its timeout"),) if held else ()
        self._end(Before(True, guilty))

    def give_up(self) -> None:
        """End it for good."""
        self.given_up = True
        self.end()

    def begin_anew(self) -> None:
        """After it was given up."""
        self.given_up = False
        self._up()

    def stop(self) -> None:
        """In good order: it puts on disk what is done, then ends."""
        if self.agent is not None:
            self.process.spawn(self._stop(self.process, self.agent))

    async def _stop(self, process: Process, agent: Agent) -> None:
        await agent.stop()
        if process is self.process:
            self.end()

    def _died(self) -> None:
        rng = self._net.rng
        self.agent, self._booting = None, False
        lifelines, self._lifelines = self._lifelines, []
        for done in lifelines:
            self._net.loop.call_later(rng.random() * rng.choice((0.001, 0.1, 5)), done, self.unreachable())
        self._net.loop.call_later(rng.random() * rng.choice((0.01, 1, 5)), self._up)

    def serve(self, caller: Process, method: str, args: tuple[Any, ...], done: Done) -> None:
        """See Server."""
        if self.agent is not None:
            self._serve(self.agent, method, args, done)
        elif not self.process.alive and self._net.rng.random() < 0.5:
            done(self.unreachable())
        else:
            self._waiting.append(partial(self.serve, caller, method, args, done))
            if self.process.alive and not self._booting:
                self._boot()

    def _serve(self, agent: Agent, method: str, args: tuple[Any, ...], done: Done) -> None:
        match method, args:
            case ("lifeline", (generation,)) if generation == agent.generation:
                self._lifelines.append(done)
            case ("lifeline", _):
                done(self.unreachable())
            case ("submit", (_, _, generation, _)) if generation != agent.generation:
                done(self.unreachable())
            case ("submit", (run, term, _, tasks)):
                done(self._call(agent.submit, run, term, tasks))
            case ("attach", _):
                done(self._call(agent.attach, *args))
            case _:
                done(self._call(agent.cancel, *args))

    def _call(self, method: Callable[..., Any], *args: Any) -> Any:
        try:
            return self.process.context.run(method, *args)
        except MnemosyneError as error:
            return error

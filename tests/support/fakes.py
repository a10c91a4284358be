"""Twins for tests: agents in the same process that can be killed, models that stop at a point."""

import asyncio
import uuid
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from random import Random

from actors.errors import AgentGone, StoreError
from actors.events import Event
from actors.journal.turns import AttemptEvent
from actors.models.calls import ModelCalls
from actors.models.permits import Permits
from actors.models.port import Model, OnDelta, Reply, Request, StopReason
from actors.roles.agent import NOTHING_BEFORE, Agent, Before, Card
from actors.roles.conversation import Toolbox
from actors.roles.course import Course
from actors.roles.purposes import Purposes
from actors.settings import ModelSettings, PatienceSettings, Settings
from actors.stores.group import GroupStore
from actors.stores.protocol import Accept, Receipt, RunRecord, Store
from actors.tools import toolbox
from actors.tools.granted import Granted
from actors.vocabulary.failures import ATTEMPTS
from actors.work import TERMINAL, Item, ItemState, Role, RunStatus, Task
from cluster.run.state import RunState

NO_TOOLS = toolbox.Toolbox()
NO_PATIENCE = PatienceSettings(tries=1, limit_wait_s=0)


class FakeModel:
    """Answers with `answer(request)`; remembers every request it was asked."""

    def __init__(self, answer: Callable[[Request], str | Awaitable[str]] = lambda _: "done") -> None:
        self._answer = answer
        self.requests: list[Request] = []

    async def complete(self, request: Request, on_delta: OnDelta | None = None) -> Reply:
        """See Model."""
        self.requests.append(request)
        answer = self._answer(request)
        text = answer if isinstance(answer, str) else await answer
        return Reply(text=text, stop=StopReason.END, model="fake")

    async def close(self) -> None:
        """Nothing to close."""


class BlockedModel(FakeModel):
    """Every call waits at this point until it is released."""

    def __init__(self) -> None:
        self.release = asyncio.Event()
        self.arrived = asyncio.Queue[Request]()
        super().__init__(self._wait)

    async def _wait(self, request: Request) -> str:
        self.arrived.put_nowait(request)
        await self.release.wait()
        return "released"


def calls_of(model: Model, permits: Permits | None = None, patience: PatienceSettings = NO_PATIENCE) -> ModelCalls:
    """Calls to this model, whatever its name; a failed one is not tried again."""
    return ModelCalls(lambda _: model, permits, patience, Random(1))


def prompted(
    store: Store, model: Model, role: Role = Role.EXECUTOR, tools: Toolbox | None = None, home: Path | None = None
) -> Purposes:
    """The part of a role, with this model under every name and these tools for every item, or those of a home."""
    settings = Settings(home=home or Path("nowhere"), models=ModelSettings(max_tokens=1000))
    granted = Granted(settings, store) if home else lambda _: nullcontext(tools or NO_TOOLS)
    return Purposes(role, store, calls_of(model), settings, granted)


def course_of(task: Task, store: Store | None = None) -> Course:
    """The course of an attempt; what it records goes into the store, if there is one."""

    async def keep(event: AttemptEvent, payloads: Mapping[str, str]) -> bool:
        if store is None:
            return True
        receipt = await store.append(uuid.uuid4().hex, [event], payloads)
        return receipt.seqs[0] is not None

    return Course(task, "e", keep)


class LocalAgent:
    """An AgentPort without Ray: a real Agent in this process, which `kill` ends as SIGKILL would."""

    def __init__(
        self,
        name: str,
        store: Store,
        model: Model,
        concurrency: int = 4,
        role: Role = Role.EXECUTOR,
        tools: Toolbox | None = None,
        home: Path | None = None,
    ) -> None:
        self._home = home
        self.name, self.role, self._store, self._model, self._concurrency = name, role, store, model, concurrency
        self._agent: Agent | None = None
        self._before, self._tools = NOTHING_BEFORE, tools
        self._dead = asyncio.Event()

    async def _up(self) -> Agent:
        if self._agent is None:
            generation = await self._store.register(self.name, self.role, 0, "here")
            worker = prompted(self._store, self._model, self.role, self._tools, self._home)
            slots, before = self._concurrency, self._before
            self._agent = Agent(self.name, self.role, generation, worker, self._store, slots, before)
            self._dead = asyncio.Event()
        return self._agent

    def kill(self, before: Before = NOTHING_BEFORE) -> None:
        """End the process: its work stops, nothing more is said, the next call finds a new generation.

        `before` is what that one is told of this one's end.
        """
        assert self._agent is not None
        self._before = before
        self._agent._queue.clear()
        for slot in self._agent._slots:
            slot.cancel()
        self._agent = None
        self._dead.set()

    async def attach(self, run: str, term: int) -> Card:
        """See AgentPort."""
        return (await self._up()).attach(run, term)

    async def submit(self, run: str, term: int, generation: int, tasks: Sequence[Task]) -> None:
        """See AgentPort."""
        if self._agent is None or self._agent.generation != generation:
            raise AgentGone(f"{self.name} is dead")
        self._agent.submit(run, term, tasks)

    async def cancel(self, run: str, term: int, attempts: Sequence[tuple[str, int]]) -> None:
        """See AgentPort."""
        if self._agent is None:
            raise AgentGone(f"{self.name} is dead")
        self._agent.cancel(run, term, attempts)

    async def lifeline(self, generation: int) -> None:
        """See AgentPort."""
        if self._agent is None or self._agent.generation != generation:
            raise AgentGone(f"{self.name} is another by now")
        await self._dead.wait()
        raise AgentGone(f"{self.name} died")

    async def stop(self) -> None:
        """See Agent.stop."""
        if self._agent is not None:
            await self._agent.stop()


class DistantAgent(LocalAgent):
    """A LocalAgent as far away as Ray's: every call goes to the process that lives now, and only an open one breaks."""

    def __init__(self, name: str, store: Store, model: FakeModel, concurrency: int = 4) -> None:
        super().__init__(name, store, model, concurrency)
        self.reachable = asyncio.Event()  # attach waits here
        self.reachable.set()
        self.knocks = asyncio.Queue[int]()  # terms of attach calls that begin
        self.lifelines = asyncio.Queue[int]()  # generations of lifeline calls that begin
        self._line: asyncio.Future[None] | None = None

    async def attach(self, run: str, term: int) -> Card:
        """See AgentPort."""
        self.knocks.put_nowait(term)
        await self.reachable.wait()
        return await super().attach(run, term)

    async def lifeline(self, generation: int) -> None:
        """See AgentPort; a series of calls, each as long as `restart` or `cut` lets it."""
        while (await self._up()).generation == generation:
            self._line = asyncio.get_running_loop().create_future()
            self.lifelines.put_nowait(generation)
            await self._line
        raise AgentGone(f"{self.name} is another by now")

    def cut(self) -> None:
        """Break the open lifeline call; the process lives on."""
        assert self._line is not None
        self._line.set_exception(AgentGone(f"{self.name} cannot be reached"))

    async def restart(self) -> None:
        """Die and come back as the next generation between two calls, so that none of them breaks."""
        self.kill()
        await self._up()
        if self._line is not None and not self._line.done():
            self._line.set_result(None)


class FaultyStore(GroupStore):
    """A real store: the next calls of a method raise its `faults`; receipts of `late` events wait for `release`."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.faults: dict[str, list[StoreError]] = {}
        self.late: type[Event] | None = None
        self.waiting, self.release = asyncio.Event(), asyncio.Event()

    def _fail(self, method: str) -> None:
        if faults := self.faults.get(method):
            raise faults.pop(0)

    async def append(self, id: str, events: Sequence[Event], payloads: Mapping[str, str] | None = None) -> Receipt:  # noqa: A002
        """See Store."""
        receipt = await super().append(id, events, payloads)
        if self.late and any(isinstance(event, self.late) for event in events):
            self.waiting.set()
            await self.release.wait()
        return receipt

    async def register(self, agent: str, role: Role, pid: int, node: str) -> int:
        """See Store."""
        self._fail("register")
        return await super().register(agent, role, pid, node)

    async def payloads(self, refs: Collection[str]) -> dict[str, str]:
        """See Store."""
        self._fail("payloads")
        return await super().payloads(refs)


async def accepted(
    store: Store, *items: Item, run: str = "r", key: str | None = None, payloads: Mapping[str, str] | None = None
) -> RunRecord:
    """A run on disk."""
    return await store.accept(Accept(run, key, run, "digest", "fake", items, payloads or {}))


def open_store(folder: Path) -> GroupStore:
    """A real store in a folder."""
    return GroupStore(folder / "store.db")


def check(state: RunState) -> None:
    """Raise AssertionError unless every invariant of a run state holds."""
    states = {id_: view.state for id_, view in state.views.items()}
    assert state.counts + Counter() == Counter(states.values())
    active = [view for view in state.views.values() if view.state is ItemState.ACTIVE]
    alone = [view.agent for view in active if view.alone]
    assert len(alone) == len(set(alone)), "one suspect at a time in an agent"
    assert not (active and state.status is RunStatus.WAITING), "it waits, and an item is active"
    for id_, view in state.views.items():
        assert view.failures <= ATTEMPTS, f"{id_} was charged {view.failures} attempts"
        if view.rounds and view.rounds.item.review:
            assert view.rounds.rejected <= view.rounds.item.review.max_attempts, f"{id_} was sent back too often"
        if view.state is ItemState.QUARANTINED:
            assert (view.suspect, view.alone) == (True, True), f"{id_} is quarantined and was not alone"
        children = [states[child] for child in state.graph.dependents[id_]]
        parents = [states[parent] for parent in state.graph.by_id[id_].dependencies]
        assert view.users == sum(child not in TERMINAL for child in children), id_
        assert view.left == sum(parent is not ItemState.COMPLETE for parent in parents), id_
        if view.state in (ItemState.READY, ItemState.ACTIVE, ItemState.COMPLETE):
            assert not view.left, f"{id_} is {view.state} before its dependencies"
        if view.state in (ItemState.READY, ItemState.ACTIVE):
            assert all(parent in state.results for parent in state.graph.by_id[id_].dependencies), id_

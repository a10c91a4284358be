"""Models that fail, and a run that is driven until it has ended, with the journal at hand."""

import asyncio
from collections.abc import Awaitable, Callable

from actors.events import Event, ItemAssigned, ItemClosed
from actors.models.port import Request
from actors.stores.memory import MemoryStore
from actors.work import Item, RunStatus
from cluster.driving.driver import Driver
from tests.support.fakes import FakeModel, LocalAgent, accepted

LIMIT_S = 20.0


def failing(error: BaseException | None, times: int = 10**9) -> FakeModel:
    """A model that fails so many calls, then answers."""
    left = times

    async def answer(_: Request) -> str:
        nonlocal left
        left -= 1
        if left < 0:
            return "fine"
        if error is not None:
            raise error
        await asyncio.Event().wait()
        raise AssertionError

    return FakeModel(answer)


class Journal:
    """A store, and what it says of the run."""

    def __init__(self) -> None:
        self.store = MemoryStore(on_commit=self._hear)
        self._waits: list[tuple[Callable[[Event], bool], asyncio.Event]] = []

    def _hear(self, events: object) -> None:
        for wanted, news in self._waits:
            if any(map(wanted, self.store.journal)):
                news.set()

    async def until(self, wanted: Callable[[Event], bool]) -> None:
        """Return once there is such an event."""
        news = asyncio.Event()
        self._waits.append((wanted, news))
        self._hear(())
        async with asyncio.timeout(LIMIT_S):
            await news.wait()

    async def say(self, event: Event) -> None:
        await self.store.append(f"said {len(self.store.journal)}", [event])

    def closings(self, item: str = "a") -> list[ItemClosed]:
        return [e for e in self.store.journal if isinstance(e, ItemClosed) and e.item == item]

    def assigned(self, item: str = "a") -> list[ItemAssigned]:
        return [e for e in self.store.journal if isinstance(e, ItemAssigned) and e.item == item]

    def types(self) -> list[str]:
        return [event.type for event in self.store.journal]


def item(id_: str, *dependencies: str, timeout: float = 0.02) -> Item:
    return Item(id=id_, description=id_, dependencies=dependencies, timeout=timeout)


async def drive(
    journal: Journal, items: list[Item], *agents: LocalAgent, meanwhile: Awaitable[None] | None = None
) -> RunStatus:
    record = await accepted(journal.store, *items)
    async with asyncio.timeout(LIMIT_S), asyncio.TaskGroup() as tasks:
        driving = tasks.create_task(Driver(record, journal.store, {a.name: a for a in agents}, "d").drive())
        if meanwhile:
            await meanwhile
    for agent in agents:
        await agent.stop()
    return driving.result()

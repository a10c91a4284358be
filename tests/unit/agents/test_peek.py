"""What the model of an item says just now: streamed while somebody looks, lossy, never in anybody's way."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from actors.events import ItemAssigned
from actors.models.port import OnDelta, Reply, Request
from actors.roles.agent import Agent
from actors.roles.watched import KEPT, LOOKS_S, Watched
from actors.stores.group import GroupStore
from actors.work import Item, Role, Task
from tests.support.conversations import Notebook, calls, says
from tests.support.fakes import accepted, open_store, prompted


class Speaking:
    """Calls a tool, then answers; says so much of each turn and waits to be let go on."""

    def __init__(self) -> None:
        self.streams, self.spoke = list[bool](), asyncio.Queue[None]()
        self.go_on = asyncio.Semaphore(0)

    async def complete(self, request: Request, on_delta: OnDelta | None = None) -> Reply:
        """See Model."""
        self.streams.append(on_delta is not None)
        for word in ("It ", "begins ") if on_delta else ():
            on_delta(word) if on_delta else None
        self.spoke.put_nowait(None)
        await self.go_on.acquire()
        return calls("x") if len(self.streams) == 1 else says("It begins and ends.")

    async def close(self) -> None:
        """Nothing is open."""


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[GroupStore]:
    made = open_store(tmp_path)
    yield made
    await made.close()


async def test_what_begins_after_a_look_is_streamed(store: GroupStore) -> None:
    item = Item(id="a", description="Do a.")
    await accepted(store, item)
    await store.claim("r", "d")
    await store.append("o", [ItemAssigned(run="r", item="a", epoch=1, attempt=1, agent="e", model="m", term=1)])
    model = Speaking()
    agent = Agent("e", Role.EXECUTOR, 1, prompted(store, model, tools=Notebook()), store, 1)
    assert agent.peek("r", "a") is None
    agent.submit("r", 1, [Task(run="r", item=item, epoch=1, attempt=1, model="m")])
    await model.spoke.get()

    assert agent.peek("r", "a") == "", "this turn is under way, and not streamed"
    model.go_on.release()
    await model.spoke.get()

    assert agent.peek("r", "a") == "It begins "
    assert agent.peek("r", "b") is None
    assert agent.peek("other", "a") is None
    assert model.streams == [False, True]
    model.go_on.release()
    await agent.stop()


def test_nobody_looks_for_ever() -> None:
    watched = Watched()
    assert watched.begin(0.0) is None
    watched.look(10.0)
    assert watched.begin(10.0 + LOOKS_S - 1) is not None
    assert watched.begin(10.0 + LOOKS_S) is None


def test_only_the_latest_text_is_kept() -> None:
    watched = Watched()
    watched.look(0.0)
    take = watched.begin(0.0)
    assert take is not None
    for number in range(100_000):
        take(f"{number},")

    assert watched.look(1.0).endswith("99998,99999,")
    assert len(watched.look(1.0)) == KEPT
    assert watched.begin(1.0) is not None
    assert watched.look(1.0) == "", "another turn"

"""An agent that dies within a conversation, at every point that is named: what the API is asked again, and what is not.

The real driver, agents and SDK in this process; the server counts the calls.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from actors.events import Event, ItemAssigned, ItemClosed, ToolDone, TurnDone
from actors.models.claude import ClaudeModel
from actors.settings import ModelSettings
from actors.stores.group import GroupStore
from actors.stores.protocol import Receipt
from actors.tools.tool import ToolResult
from actors.work import Item, Result, RunStatus
from cluster.driving.driver import Driver
from tests.messages_server import KEY, Exchange, MessagesServer, answers, thinking, tool_use
from tests.support.conversations import Notebook
from tests.support.fakes import LocalAgent, accepted

LIMIT_S = 30.0
FOR_EVER_S = 1e6


class DyingStore(GroupStore):
    """Calls `die` once: before or after an append that holds an event of this kind; the append never returns."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.kind: type[Event] | None = None
        self.after = False
        self.die: Callable[[], None] = lambda: None

    async def append(self, id: str, events: Sequence[Event], payloads: Mapping[str, str] | None = None) -> Receipt:  # noqa: A002
        """See Store."""
        meant = self.kind is not None and any(isinstance(event, self.kind) for event in events)
        if meant and not self.after:
            await self._end()
        receipt = await super().append(id, events, payloads)
        if meant:
            await self._end()
        return receipt

    async def _end(self) -> None:
        self.kind = None
        self.die()
        await asyncio.sleep(FOR_EVER_S)


class DyingNotebook(Notebook):
    """Calls `die` once, before or after this call has noted."""

    def __init__(self, key: str, *, after: bool) -> None:
        super().__init__()
        self.key: str | None = key
        self.after_noting = after
        self.die: Callable[[], None] = lambda: None

    async def call(self, name: str, arguments: Any, key: str) -> ToolResult:
        """See Toolbox."""
        if key == self.key and not self.after_noting:
            await self._end()
        result = await super().call(name, arguments, key)
        if key == self.key:
            await self._end()
        return result

    async def _end(self) -> None:
        self.key = None
        self.die()
        await asyncio.sleep(FOR_EVER_S)


async def conversing(exchange: Exchange) -> None:
    """Two turns with tools, then the answer; by what the request holds."""
    turn = sum(message["role"] == "assistant" for message in exchange.call.body["messages"])
    if turn == 2:
        return await answers("All is noted.")(exchange)
    wishes = [tool_use("note", {"text": f"{turn}.{n}"}, f"toolu_{turn}_{n}") for n in range(2)]
    return await answers(content=[thinking(), *wishes], stop_reason="tool_use")(exchange)


ALL = [("r/a/1/1", "0.0"), ("r/a/1/2", "0.1"), ("r/a/2/1", "1.0"), ("r/a/2/2", "1.1")]

POINTS = {
    "nobody dies": (None, False, 3, ALL),
    "before an answer is on disk": (TurnDone, False, 4, ALL),
    "after an answer is on disk": (TurnDone, True, 3, ALL),
    "before a tool runs": ("r/a/1/2", False, 3, ALL),
    "after a tool ran": ("r/a/1/2", True, 3, [*ALL[:2], *ALL[1:]]),
    "before a tool's result is on disk": (ToolDone, False, 3, [ALL[0], *ALL]),
    "after a tool's result is on disk": (ToolDone, True, 3, ALL),
    "before the outcome is on disk": (ItemClosed, False, 4, ALL),
    "after the outcome is on disk": (ItemClosed, True, 3, ALL),
}
"""The agent dies there, once; so many calls are then paid for, and the tools see these keys and texts."""


@pytest.mark.parametrize("name", POINTS)
async def test_what_is_finished_is_not_paid_again(tmp_path: Path, name: str) -> None:
    at, after, paid, noted = POINTS[name]
    tools = DyingNotebook(at, after=after) if isinstance(at, str) else Notebook()
    store = DyingStore(tmp_path / "store.db")
    async with MessagesServer() as server:
        server.default = conversing
        model = ClaudeModel(lambda: KEY, ModelSettings(base_url=server.base_url))
        agent = LocalAgent("e0", store, model, tools=tools)
        store.die = agent.kill
        if isinstance(tools, DyingNotebook):
            tools.die = agent.kill
        store.kind, store.after = (at if isinstance(at, type) else None), after

        status = await drive(store, agent)
        events = await store.read("r", 0, 0)
        await model.close()
        await store.close()

    assert status is RunStatus.COMPLETED
    assert server.ledger.requests == paid
    assert tools.notes == noted
    (result,) = [e.outcome for e in events if isinstance(e, ItemClosed) and isinstance(e.outcome, Result)]
    assert result.data.text == "All is noted."
    turns = [event.turn for event in events if isinstance(event, TurnDone)]
    ran = [(event.turn, event.call) for event in events if isinstance(event, ToolDone)]
    assert (turns, ran) == ([1, 2], [(1, 1), (1, 2), (2, 1), (2, 2)]), "each once, in order"
    attempts = 1 if at is None or (at, after) == (ItemClosed, True) else 2
    assert sum(isinstance(event, ItemAssigned) for event in events) == attempts


async def drive(store: GroupStore, agent: LocalAgent) -> RunStatus:
    record = await accepted(store, Item(id="a", description="Note it all."))
    async with asyncio.timeout(LIMIT_S):
        status = await Driver(record, store, {agent.name: agent}, "d").drive()
    await agent.stop()
    return status


async def test_an_answer_that_does_not_fit_is_asked_again_with_the_mistakes(tmp_path: Path) -> None:
    schema = {"type": "object", "properties": {"text": {"type": "string", "minLength": 3}}, "required": ["text"]}
    store = DyingStore(tmp_path / "store.db")
    async with MessagesServer() as server:
        server.then(answers('{"text": "x"}'), answers('{"text": "xxx"}'))
        model = ClaudeModel(lambda: KEY, ModelSettings(base_url=server.base_url))
        agent = LocalAgent("e0", store, model)
        record = await accepted(store, Item(id="a", description="Say it.", output=schema))
        async with asyncio.timeout(LIMIT_S):
            status = await Driver(record, store, {agent.name: agent}, "d").drive()
        await agent.stop()
        await model.close()
        await store.close()

    assert status is RunStatus.COMPLETED
    first, again = server.calls
    assert again.body["messages"][:1] == first.body["messages"]
    assert again.body["messages"][1]["content"] == [{"type": "text", "text": '{"text": "x"}'}]
    assert "$.text: 'x' is too short" in str(again.body["messages"][2])

"""The page's server in the test's own loop, over a real socket; and a reader of its event stream."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

import httpx2

from actors.errors import NotFound
from actors.stores.protocol import RunRecord
from dashboards.listening import bind, serve
from dashboards.requests import Peeked, Surroundings, Wish
from dashboards.server import SEND_S, Server

TOKEN = "a-token-of-thirty-two-characters"
PATIENCE_S = 20.0


class Around:
    """Surroundings that do nothing: requests are kept, whoever is listened to says the same."""

    def __init__(self) -> None:
        self.wishes: list[Wish] = []
        self.is_alive = True

    def alive(self) -> bool:
        return self.is_alive

    def driven(self, record: RunRecord) -> bool:
        return record.run == "r"

    def ask(self, wish: Wish) -> bool:
        if wish.run == "nowhere":
            raise NotFound("there is no run 'nowhere'")
        self.wishes.append(wish)
        return True

    async def peek(self, run: str, item: str, agent: str) -> Peeked:
        return Peeked(f"{agent} says of {run}/{item}: <b>\x1b[2J")


class Page(NamedTuple):
    """A server that answers."""

    server: Server
    around: Around
    base: str
    client: httpx2.AsyncClient
    """With the token."""

    @property
    def stranger(self) -> httpx2.AsyncClient:
        """Without it."""
        return httpx2.AsyncClient(base_url=self.base)


@asynccontextmanager
async def page(
    home: Path, *, ready: bool = True, send_s: float = SEND_S, surroundings: Surroundings | None = None
) -> AsyncIterator[Page]:
    """The page of a home, once it has read the journal if it is to be `ready`. `surroundings`: instead of `around`."""
    around, bound = Around(), bind(0)
    server = Server(home / "store.db", TOKEN, surroundings or around, send_s)
    base = f"http://127.0.0.1:{bound.getsockname()[1]}"
    serving = asyncio.ensure_future(serve(server.app, bound))
    try:
        headers, many = {"authorization": f"Bearer {TOKEN}"}, httpx2.Limits(max_connections=None)
        async with httpx2.AsyncClient(base_url=base, headers=headers, limits=many, timeout=PATIENCE_S) as client:
            while ready and not serving.done() and (await client.get("/health")).status_code == 503:
                await asyncio.sleep(0.01)
            yield Page(server, around, base, client)
    finally:
        serving.cancel()
        with suppress(asyncio.CancelledError):
            await serving


class Message(NamedTuple):
    """One of the stream."""

    type: str
    id: int | None
    data: Any


@asynccontextmanager
async def reading(page: Page, run: str | None = None, last: int | None = None) -> AsyncIterator[AsyncIterator[Message]]:
    """A reader's messages, one by one."""
    headers = {} if last is None else {"last-event-id": str(last)}
    async with page.client.stream("GET", "/events", params={"run": run} if run else {}, headers=headers) as answer:
        assert answer.status_code == 200, await answer.aread()
        yield _messages(answer)


async def _messages(answer: httpx2.Response) -> AsyncIterator[Message]:
    fields: dict[str, str] = {}
    async for line in answer.aiter_lines():
        if line:
            name, _, value = line.partition(": ")
            fields[name] = value
        elif "data" in fields:
            yield Message(fields["event"], int(fields["id"]) if "id" in fields else None, json.loads(fields["data"]))
            fields = {}


async def until(messages: AsyncIterator[Message], type_: str) -> list[Message]:
    """The messages up to the first of this type."""
    found: list[Message] = []
    async with asyncio.timeout(PATIENCE_S):
        async for message in messages:
            found.append(message)
            if message.type == type_:
                return found
    raise AssertionError(f"the stream ended without {type_}: {found}")

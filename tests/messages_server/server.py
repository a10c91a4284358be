"""The Messages API on loopback: what it answers and how it fails is said call by call, or by rules.

async with MessagesServer() as server:
    server.then(fails(529, "overloaded_error"), answers("hello"))
    server.play("reset_in_body", calls=(7,))
    ClaudeModel(lambda: KEY, ModelSettings(base_url=server.base_url))
"""

import asyncio
import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from tests.messages_server import catalogue, tokens
from tests.messages_server.buckets import Limits
from tests.messages_server.checks import complaint
from tests.messages_server.exchange import ITEM, Account, Call, Exchange, Turn
from tests.messages_server.faults import FAULTS
from tests.messages_server.ledger import Ledger
from tests.messages_server.rules import When
from tests.messages_server.script import Script
from tests.messages_server.turns import answers, fails, says
from tests.messages_server.wire import Connection, Wire

KEY = "sk-ant-api03-CANARY-do-not-show-0123456789"
"""A key that only tests know."""


class MessagesServer:
    """Takes `Authorization: Bearer <key>`; refuses other keys with 401. Says `default` when nothing else is planned.

    A call gets the next turn of `then`; if there is none, the first fault of `play` that fits; else `default`.
    `clock` is what limits and the prompt cache go by.
    """

    def __init__(
        self,
        key: str = KEY,
        script: Script | None = None,
        port: int = 0,
        clock: Callable[[], float] = time.monotonic,
        host: str = "127.0.0.1",
    ) -> None:
        script = script or Script()
        self.key, self.base_url, self._host, self._port = key, "", host, port
        self.calls: list[Call] = []
        self.default: Turn = answers(script.text, **script.fields)
        self.latency = script.latency
        self._account = Account(script.limits, script.counted, clock)
        self._remember = script.remember
        self._turns: list[Turn] = []
        self._faults: list[Planned] = []
        for rule in script.faults:
            self.play(rule.play, **rule.model_dump(exclude={"play"}))
        self._alive: set[Connection] = set()
        self._errors: list[Exception] = []

    @property
    def ledger(self) -> Ledger:
        """What has happened so far."""
        return self._account.ledger

    @property
    def items(self) -> Counter[str]:
        """Calls by the tag of their prompt."""
        return self.ledger.items

    def then(self, *turns: Turn) -> Self:
        """Plan the next calls, in this order."""
        self._turns.extend(turns)
        return self

    def play(self, fault: str, **when: Any) -> Self:
        """Plan a fault of the table for the calls that `When` tells."""
        assert fault in FAULTS, fault
        self._faults.append(Planned(fault, When(**when)))
        return self

    def forget(self) -> None:
        """Nothing is planned any more: what comes gets `default`."""
        self._turns.clear()
        self._faults.clear()

    def limit(self, limits: Mapping[str, Limits]) -> None:
        """From now on these limits hold, by model (`*`: every other), and their buckets are full."""
        self._account.limit(limits)

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: Connection(self._handle, self._alive, self._errors), self._host, self._port, backlog=1024
        )
        host, port = self._server.sockets[0].getsockname()[:2]
        self.base_url = f"http://{host}:{port}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        await asyncio.gather(*(connection.ended() for connection in list(self._alive)))
        await self._server.wait_closed()
        if self._errors:
            raise ExceptionGroup("the server itself went wrong", self._errors)

    async def _handle(self, wire: Wire) -> None:
        incoming, path = wire.incoming, urlsplit(wire.incoming.path)
        wire.headers |= {"request-id": "req_0", "anthropic-organization-id": "00000000-0000-0000-0000-000000000000"}
        if (incoming.method, path.path) == ("POST", "/v1/messages"):
            await self._message(wire)
        elif path.path == "/ledger":
            await wire.send(200, json.dumps(self.ledger.told()).encode())
        else:
            call = Call(0, incoming.headers, incoming.body or b"{}")
            turn = self._stranger(call) or self._other(call, incoming.method, path.path, parse_qs(path.query))
            await turn(self._exchange(wire, call))

    async def _message(self, wire: Wire) -> None:
        call = Call(self.ledger.arrived(), wire.incoming.headers, wire.incoming.body)
        wire.headers["request-id"] = f"req_{call.number}"
        wire.on_status = lambda status: self.ledger.answered(status, call.digest)
        self.items.update(ITEM.findall(call.prompt)[:1])
        if self._remember:
            self.calls.append(call)
        try:
            await (self._stranger(call) or self._refused(call) or self._planned(call))(self._exchange(wire, call))
        except asyncio.CancelledError:
            self.ledger.gone += 1
            raise
        finally:
            self.ledger.in_flight -= 1

    def _exchange(self, wire: Wire, call: Call) -> Exchange:
        return Exchange(wire, call, self._account, self.latency)

    def _stranger(self, call: Call) -> Turn | None:
        shown = call.headers.get("authorization", "none")
        if shown == f"Bearer {self.key}":
            return None
        return fails(401, "authentication_error", f"invalid credentials: {shown}")

    def _refused(self, call: Call) -> Turn | None:
        wrong = call.mistake or complaint(call.body)
        return fails(400, "invalid_request_error", wrong) if wrong else None

    def _planned(self, call: Call) -> Turn:
        if self._turns:
            return self._turns.pop(0)
        for planned in self._faults:
            if turn := planned.turn(call):
                self.ledger.played[planned.name] += 1
                return turn
        return self.default

    def _other(self, call: Call, method: str, path: str, query: dict[str, list[str]]) -> Turn:
        match method, path.strip("/").split("/"):
            case "POST", ["v1", "messages", "count_tokens"]:
                return says(json.dumps({"input_tokens": tokens.prompt(call.body)}))
            case "GET", ["v1", "models"]:
                after, limit = query.get("after_id", [None])[0], int(query.get("limit", ["20"])[0])
                return says(json.dumps(catalogue.page(after, limit)))
            case "GET", ["v1", "models", name] if (entry := catalogue.entry(name)) is not None:
                return says(json.dumps(entry))
            case "GET", ["v1", "models", name]:
                return fails(404, "not_found_error", f"model: {name}")
        return fails(404, "not_found_error", "Not found")


class Planned:
    """A fault that waits for its calls."""

    def __init__(self, name: str, when: When) -> None:
        self.name, self._when, self._left = name, when, when.times

    def turn(self, call: Call) -> Turn | None:
        """What is played to this call, if it is one of them and the fault exists for such a call."""
        turn = FAULTS[self.name].of(call.is_streamed)
        if turn is None or self._left == 0 or not self._when.fits(call):
            return None
        if self._left is not None:
            self._left -= 1
        return turn


@contextmanager
def serving(server: MessagesServer | None = None) -> Iterator[MessagesServer]:
    """The server in a thread of its own, for tests that start other processes."""
    server = server or MessagesServer()
    up, loop = threading.Event(), asyncio.new_event_loop()
    done = asyncio.Event()

    async def serve() -> None:
        async with server:
            up.set()
            await done.wait()

    thread = Thread(lambda: loop.run_until_complete(serve()))
    thread.start()
    try:
        assert up.wait(10), "the server did not start"
        yield server
    finally:
        loop.call_soon_threadsafe(done.set)
        thread.join(10)
        loop.close()
    if thread.error:
        raise thread.error


class Thread(threading.Thread):
    """Remembers what it raised."""

    def __init__(self, work: Callable[[], None]) -> None:
        super().__init__(name="messages-server")
        self._work = work
        self.error: BaseException | None = None

    def run(self) -> None:
        """See threading.Thread."""
        try:
            self._work()
        except BaseException as error:
            self.error = error

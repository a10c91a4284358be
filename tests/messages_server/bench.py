"""How many requests the server answers while a client has another core: plain, streamed, limited, counted."""

import asyncio
import json
import statistics
import time

from tests.messages_server.buckets import Limits
from tests.messages_server.process import Running, running
from tests.messages_server.script import Script
from tests.messages_server.server import KEY

CONNECTIONS = 64
ROUNDS = 3
PROMPT = "Summarise the report. " * 220
"""About 5 KB, as a prompt with inputs has."""
LIMITED = {"*": Limits(requests=10**9, input_tokens=10**12, output_tokens=10**12)}
LONG = "word " * 50

CASES: dict[str, tuple[Script, bool]] = {
    "plain": (Script(remember=False), False),
    "plain, limits and caching": (Script(remember=False, limits=LIMITED, counted=True), False),
    "streamed, 50 deltas": (Script(remember=False, text=LONG), True),
}


class Caller(asyncio.Protocol):
    """One connection that asks again as soon as it is answered. Cheap, so that the server is what is measured."""

    def __init__(self, request: bytes, end: bytes, until: float) -> None:
        self._request, self._end, self._until = request, end, until
        self._buffer = b""
        self.answered, self.done = 0, asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See asyncio.Protocol."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        """See asyncio.Protocol."""
        self._buffer += data
        if not self._buffer.endswith(self._end):
            return
        assert self._buffer.startswith(b"HTTP/1.1 200"), self._buffer
        self._buffer = b""
        self.answered += 1
        if time.monotonic() < self._until:
            self._transport.write(self._request)
        else:
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """See asyncio.Protocol."""
        self.done.set_result(self.answered)


async def calls(server: Running, streamed: bool, seconds: float) -> tuple[int, float]:
    """How many were answered, and in how many seconds."""
    body = {"model": "claude-sonnet-5-5", "max_tokens": 1024, "messages": [{"role": "user", "content": PROMPT}]}
    told = json.dumps({**body, "stream": True} if streamed else body)
    head = (
        f"POST /v1/messages HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {KEY}\r\ncontent-length: {len(told)}\r\n\r\n"
    )
    end = b"0\r\n\r\n" if streamed else b"}}"
    host, port = server.base_url.removeprefix("http://").split(":")
    loop, begin = asyncio.get_running_loop(), time.monotonic()
    callers = [Caller((head + told).encode(), end, begin + seconds) for _ in range(CONNECTIONS)]
    for caller in callers:
        await loop.create_connection(lambda caller=caller: caller, host, int(port))  # type: ignore[misc]
    answered = sum(await asyncio.gather(*(caller.done for caller in callers)))
    return answered, time.monotonic() - begin


async def bench(seconds: float) -> str:
    """A table: the median of some rounds."""
    lines = [f"{CONNECTIONS} connections, prompt of {len(PROMPT):,} characters, median of {ROUNDS} x {seconds:g} s"]
    for name, (script, streamed) in CASES.items():
        rates, costs = [], []
        with running(script) as server:
            await calls(server, streamed, 0.3)
            for _ in range(ROUNDS):
                before = server.ledger()["cpu_s"]
                answered, took_s = await calls(server, streamed, seconds)
                rates.append(answered / took_s)
                costs.append((server.ledger()["cpu_s"] - before) / answered)
        rate, cost = statistics.median(rates), statistics.median(costs)
        lines.append(f"{name:28} {rate:8,.0f} requests/s {cost * 1e6:8,.0f} us of CPU each")
    return "\n".join([*lines, ""])

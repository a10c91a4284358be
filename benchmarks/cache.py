"""W9: what a fan-out of calls that begin alike pays for that beginning, at once and behind a leader.

    python -m benchmarks.cache

The real SDK against tests/messages_server, which counts what each call reads from the prompt cache and writes to it.
"Beginnings" are those paid for, in prices of plain input: a write costs 1.25, a read 0.1. N at once cost N * 1.25;
the goal is near 1.25 + (N - 1) * 0.1. Seconds: all calls, each 0.5 s to its first token and 0.5 s more to its last.
"""

import asyncio
import time
from collections.abc import Iterator, Sequence
from typing import Any

from actors.desk import Desk
from actors.governor.needs import Amounts
from actors.models.calls import ModelCalls
from actors.models.claude import ClaudeModel
from actors.models.permits import Permits
from actors.models.port import Message, Request
from actors.models.spending import Spending
from actors.permits import GovernedPermits
from actors.roles.deadline import Deadline
from actors.settings import ModelSettings
from benchmarks.report import kept
from tests.messages_server import KEY, Latency, Script, running

MODEL = "claude-sonnet-5-5"
SHARED = "What all of these items are given, in the words of the house. " * 300
"""About 4,000 tokens."""
WORDS = 50
WRITE, READ = 1.25, 0.1
WIDTHS = (2, 8, 64)
LATENCY = Latency(base_s=0.5, per_output_token_s=0.5 / WORDS)

Json = dict[str, Any]


def request(number: int) -> Request:
    """One item of the fan-out."""
    text = f"{SHARED}\n\nItem {number}: say it in three sentences."
    return Request(model=MODEL, messages=(Message(role="user", text=text),), shared=len(SHARED), max_tokens=200)


async def fan_out(base_url: str, width: int, permits: Permits | None) -> tuple[float, Sequence[Spending]]:
    """Seconds, and what each call used."""
    opened = ClaudeModel(lambda: KEY, ModelSettings(base_url=base_url))
    calls, spent = ModelCalls(lambda _: opened, permits), [Spending() for _ in range(width)]

    async def call(number: int) -> None:
        async with Deadline(60) as deadline:
            await calls.model(MODEL, deadline, spent[number]).complete(request(number))

    begin = time.perf_counter()
    await asyncio.gather(*map(call, range(width)))
    seconds = time.perf_counter() - begin
    await opened.close()
    return seconds, spent


def told(width: int, way: str, seconds: float, spent: Sequence[Spending]) -> Json:
    """A fan-out that is over."""
    usages = [one.sum.usage for one in spent]
    written = sum(usage.cache_write_tokens for usage in usages)
    read = sum(usage.cache_read_tokens for usage in usages)
    beginnings = (WRITE * written + READ * read) / ((written + read) / width)
    cost = sum(one.sum.cost_usd or 0.0 for one in spent)
    tokens = {"shared_tokens": (written + read) // width, "written_tokens": written, "read_tokens": read}
    took = {"beginnings": round(beginnings, 4), "cost_usd": round(cost, 4), "seconds": round(seconds, 2)}
    return {"width": width, "way": way, **tokens, **took}


def measure() -> Iterator[Json]:
    """What is known after each width and way."""
    fan_outs = list[Json]()
    script = Script(text="word " * WORDS, counted=True, latency=LATENCY, remember=False)
    with running(script) as server:
        asyncio.run(fan_out(server.base_url, 1, None))  # importing the SDK takes seconds
    for width in WIDTHS:
        for way in ("at once", "behind a leader"):
            permits = GovernedPermits("executor-1", 1, Desk({MODEL: Amounts(0, 0, 0)})) if way != "at once" else None
            with running(script) as server:
                seconds, spent = asyncio.run(fan_out(server.base_url, width, permits))
            fan_outs.append(told(width, way, seconds, spent))
            print(fan_outs[-1], flush=True)
            shared = fan_outs[-1]["shared_tokens"]
            yield {"shared_tokens": shared, "write": WRITE, "read": READ, "fan_outs": fan_outs}


if __name__ == "__main__":
    kept.run("cache", measure())

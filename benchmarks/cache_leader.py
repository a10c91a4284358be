"""W9: what a fan-out of calls that begin alike pays for that beginning, at once and behind a leader.

    python -m benchmarks.cache_leader

The real SDK against tests/messages_server, which counts what each call reads from the prompt cache and writes to it.
"Beginnings" are those paid for, in prices of plain input: a write costs 1.25, a read 0.1. N at once cost N * 1.25;
the goal is near 1.25 + (N - 1) * 0.1. Seconds: all calls, each 0.5 s to its first token and 0.5 s more to its last.
"""

import asyncio
import time
from collections.abc import Sequence

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
from tests.messages_server import KEY, Latency, Script, running

MODEL = "claude-sonnet-5-5"
SHARED = "What all of these items are given, in the words of the house. " * 300
"""About 4,000 tokens."""
WORDS = 50
WRITE, READ = 1.25, 0.1
WIDTHS = (2, 8, 64)


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


async def measure() -> None:
    """Print a line per width and way."""
    latency = Latency(base_s=0.5, per_output_token_s=0.5 / WORDS)
    for width in WIDTHS:
        for way in ("at once", "behind a leader"):
            permits = GovernedPermits("executor-1", 1, Desk({MODEL: Amounts(0, 0, 0)})) if way != "at once" else None
            script = Script(text="word " * WORDS, counted=True, latency=latency, remember=False)
            with running(script) as server:
                seconds, spent = await fan_out(server.base_url, width, permits)
            usages = [one.sum.usage for one in spent]
            written = sum(usage.cache_write_tokens for usage in usages)
            read = sum(usage.cache_read_tokens for usage in usages)
            beginnings = (WRITE * written + READ * read) / ((written + read) / width)
            cost = sum(one.sum.cost_usd or 0.0 for one in spent)
            told = (
                f"{beginnings:6.2f} beginnings, at best {WRITE + READ * (width - 1):5.2f}; ${cost:.4f}; {seconds:.2f} s"
            )
            print(f"W9 {width:3} calls {way:16} {told}", flush=True)


if __name__ == "__main__":
    asyncio.run(measure())

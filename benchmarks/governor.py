"""Calls at the limit of an API: what is refused, what fails, and how much of the limit is used.

    python -m benchmarks.governor sdk        the SDK's own retries, 2 and 10, in plain asyncio
    python -m benchmarks.governor langgraph  LangGraph with the same retries, in an environment of its own
    python -m benchmarks.governor one        ours, one run
    python -m benchmarks.governor two        ours, two runs with a driver each on one fleet
    python -m benchmarks.governor killed     ours, the governor killed in the middle

1,200 requests and 180,000 input tokens per minute, which 150 tokens a call use up together, in buckets that hold five
seconds of that; 100 calls at once; answers after 0.3 s. The share is what was accepted of what the scarcer limit
allowed in the time from the first call to the last answer, with the bucket full at the beginning. Everybody makes
forty calls before that: importing the SDK takes seconds.
"""

import asyncio
import json
import os
import random
import signal
import sys
import tempfile
import time
from asyncio.subprocess import PIPE
from pathlib import Path
from typing import Any

from actors.machine import garbage
from actors.settings import FleetSettings, ModelSettings, Pools, Settings
from actors.stores.protocol import Accept
from actors.work import Item, Role, RunStatus
from benchmarks.peers.environments import python_of
from cluster import config
from tests.messages_server import KEY, Latency, Limits, Script, running
from tests.messages_server.process import Running

MODEL = "claude-sonnet-5-5"
CALLS = {"sdk": 600, "langgraph": 600, "one": 3000, "two": 3000, "killed": 3000}
AT_ONCE = 100
REQUESTS, TOKENS, BURST_S = 1200, 180_000, 5
LATENCY_S = 0.3
PROMPT_CHARACTERS = 410
"""Of the system prompt; 190 more make 150 tokens at the server's four characters each."""

LIMITS = Limits(requests=REQUESTS, input_tokens=TOKENS, output_tokens=10 * TOKENS, burst=BURST_S / 60)
SCRIPT = Script(latency=Latency(base_s=LATENCY_S), limits={"*": LIMITS}, counted=True, remember=False)


def texts(calls: int) -> list[str]:
    """What is asked: 190 characters in the mean, the same in every run."""
    chance = random.Random(1)
    return [f"[item:i{n}] ".ljust(chance.randint(20, 360), "x") for n in range(calls)]


def warm_texts() -> list[str]:
    """Asked before it begins."""
    return [f"[item:warm{n}]" for n in range(40)]


class Measured:
    """From the end of the warming up."""

    def __init__(self, server: Running) -> None:
        self._server, self._before, self._begin = server, server.ledger(), time.perf_counter()

    def tell(self, name: str, calls: int, done: int) -> None:
        """One line."""
        seconds, ledger = time.perf_counter() - self._begin, self._server.ledger()
        took = {what: ledger[what] - self._before[what] for what in ("accepted", "input_tokens", "limited")}
        used = ((took["accepted"], REQUESTS), (took["input_tokens"], TOKENS))
        share = max(amount / (limit / 60 * (BURST_S + seconds)) for amount, limit in used)
        line(name, calls, calls - done, took["limited"], seconds, share, ledger["paid_twice"])


def line(name: str, calls: int, failed: int, limited: int, seconds: float, share: float, twice: int) -> None:
    """Of the report."""
    print(
        f"{name:34} {calls:5} calls {failed:4} failed {limited:5} x 429  "
        f"{seconds:6.1f} s  {share:5.3f} of the limit  {twice} paid twice",
        flush=True,
    )


async def sdk(calls: int, retries: int, server: Running) -> None:
    """The SDK's own retries."""
    from anthropic import AnthropicError, AsyncAnthropic, DefaultAioHttpClient

    client = AsyncAnthropic(
        api_key=KEY, base_url=server.base_url, max_retries=retries, http_client=DefaultAioHttpClient()
    )
    slots, done = asyncio.Semaphore(AT_ONCE), 0

    async def call(text: str) -> None:
        nonlocal done
        async with slots:
            try:
                await client.messages.create(
                    model=MODEL,
                    max_tokens=64,
                    system="s" * PROMPT_CHARACTERS,
                    messages=[{"role": "user", "content": text}],
                )
                done += 1
            except AnthropicError:
                pass

    await asyncio.gather(*map(call, warm_texts()))
    await asyncio.sleep(BURST_S + 1)
    measured, done = Measured(server), 0
    await asyncio.gather(*map(call, texts(calls)))
    measured.tell(f"SDK, {retries} retries", calls, done)
    await client.close()


async def langgraph(calls: int, retries: int, server: Running) -> None:
    """The SDK's retries under LangGraph: one graph that fans out."""
    script = Path(__file__).parent / "peers" / "langgraph" / "fan_out.py"
    asked = {"base_url": server.base_url, "key": KEY, "model": MODEL, "retries": retries, "at_once": AT_ONCE}
    asked |= {"max_tokens": 64, "system": "s" * PROMPT_CHARACTERS, "warm": warm_texts(), "texts": texts(calls)}
    process = await asyncio.create_subprocess_exec(str(python_of("langgraph")), str(script), stdin=PIPE, stdout=PIPE)
    assert process.stdin
    assert process.stdout
    process.stdin.write(f"{json.dumps(asked)}\n".encode())
    assert await process.stdout.readline() == b"ready\n"
    await asyncio.sleep(BURST_S + 1)
    measured = Measured(server)
    process.stdin.write(b"go\n")
    measured.tell(f"LangGraph, {retries} retries", calls, int(await process.stdout.readline()))
    await process.wait()


async def ours(calls: int, runs: int, server: Running, *, kill: bool) -> None:
    """An embedded fleet with two executors, a driver for each run."""
    os.environ["ANTHROPIC_API_KEY"] = KEY
    settings = Settings(
        home=Path(tempfile.mkdtemp()),
        fleet=FleetSettings(pools=Pools().only([Role.EXECUTOR]), concurrency=AT_ONCE // 2),
        models=ModelSettings(base_url=server.base_url, max_tokens=64),
    )
    config.prepare_ray(settings.home)  # before Ray is imported: it reads some of it then
    from cluster.fleet import Fleet

    garbage.calm()
    items = items_of(texts(calls))
    async with Fleet(settings, frozenset({MODEL})) as fleet:
        await drive(fleet, "warm", items_of(warm_texts()))
        await asyncio.sleep(BURST_S + 1)
        killing = asyncio.ensure_future(kill_governor(fleet, calls / REQUESTS * 30)) if kill else None
        measured = Measured(server)
        done = sum(await asyncio.gather(*(drive(fleet, f"run-{n}", items[n::runs]) for n in range(runs))))
        name = "governor killed" if kill else f"{runs} runs on one fleet" if runs > 1 else "one run"
        measured.tell(f"mnemosyne, {name}", calls, done)
        if killing:
            await killing


def items_of(asked: list[str]) -> tuple[Item, ...]:
    """Items that depend on nothing."""
    return tuple(Item(id=f"i{n}", description=text) for n, text in enumerate(asked))


async def drive(fleet: Any, run: str, items: tuple[Item, ...]) -> int:
    """Items that are complete in the end."""
    from cluster.driver import Driver

    record = await fleet.store.accept(Accept(run, None, run, "digest", MODEL, items, {}))
    driver = Driver(record, fleet.store, fleet.agents, "benchmark")
    status = await driver.drive()
    if status is RunStatus.COMPLETED:
        return len(items)
    events = await fleet.store.read(run, 0, 0, limit=100_000)
    return sum(event.type == "item_closed" and event.outcome.kind == "result" for event in events)


async def kill_governor(fleet: Any, after_s: float) -> None:
    """SIGKILL, in the middle of the run."""
    await asyncio.sleep(after_s)
    os.kill(await fleet.pid("governor"), signal.SIGKILL)


async def main(mode: str, calls: int) -> None:
    """One system after the other, each with a server of its own."""
    if peer := {"sdk": sdk, "langgraph": langgraph}.get(mode):
        for retries in (2, 10):
            with running(SCRIPT) as server:
                await peer(calls, retries, server)
        return
    with running(SCRIPT) as server:
        await ours(calls, 2 if mode == "two" else 1, server, kill=mode == "killed")


if __name__ == "__main__":
    MODE = sys.argv[1] if len(sys.argv) > 1 else "one"
    asyncio.run(main(MODE, int(sys.argv[2]) if len(sys.argv) > 2 else CALLS[MODE]))

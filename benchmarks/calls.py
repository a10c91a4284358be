"""What a call to Claude costs through the adapter, against the SDK alone in the same run.

    python -m benchmarks.calls [rounds]   W4: 500 calls of 200 ms, 100 at once; interleaved, median of 5

The server is a process of its own (tests/messages_server), prompts have 5 KB, answers 50 words. "SDK alone" is
`messages.create` in a loop of asyncio, nothing checked, on each of its transports. Then the adapter (every reply
checked), the same with what an attempt adds (retries, spending), streamed and watched, and whole runs on a fleet: plan
on disk, journal, two agents of 50 slots. CPU is that of the calling process, all threads; of the fleet, of all its
processes but the server's. Ideal is 1 s.
"""

import asyncio
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from actors.machine import garbage
from actors.models.calls import ModelCalls
from actors.models.claude import ClaudeModel
from actors.models.port import Message, Request
from actors.models.spending import Spending
from actors.roles.deadline import Deadline
from actors.settings import FleetSettings, ModelSettings, Pools, Settings
from actors.stores.protocol import Accept
from actors.work import Item, Role, RunStatus
from benchmarks.processes_cpu import cpu_below
from benchmarks.report import kept
from cluster import config
from tests.messages_server import KEY, Latency, Script, running

CALLS, AT_ONCE, LATENCY_S = 500, 100, 0.2
IDEAL_S = CALLS / AT_ONCE * LATENCY_S
RUN_S = 60.0
MODEL = "claude-sonnet-5-5"
PROMPT = "Summarise what follows in three sentences. " * 120
ANSWER = "word " * 50

Call = Callable[[], Awaitable[object]]


async def w4(call: Call) -> tuple[float, float]:
    """Wall seconds and CPU seconds of all calls."""
    slots = asyncio.Semaphore(AT_ONCE)

    async def one() -> None:
        async with slots:
            await call()

    wall, cpu = time.perf_counter(), time.process_time()
    await asyncio.gather(*(one() for _ in range(CALLS)))
    return time.perf_counter() - wall, time.process_time() - cpu


def alone(base_url: str, transport: str, opened: AsyncExitStack) -> Call:
    """The SDK and nothing else."""
    from anthropic import AsyncAnthropic, DefaultAioHttpClient, DefaultAsyncHttpxClient

    http = DefaultAioHttpClient() if transport == "aiohttp" else DefaultAsyncHttpxClient()
    client = AsyncAnthropic(api_key=KEY, base_url=base_url, max_retries=0, http_client=http)
    opened.push_async_callback(client.close)

    async def call() -> object:
        messages: Any = [{"role": "user", "content": PROMPT}]
        return await client.messages.create(model=MODEL, max_tokens=1000, messages=messages)

    return call


def adapter(base_url: str, opened: AsyncExitStack, *, watched: bool = False) -> Call:
    """ClaudeModel.complete."""
    model, request = ClaudeModel(lambda: KEY, ModelSettings(base_url=base_url)), _request()
    opened.push_async_callback(model.close)
    watch = (lambda _: None) if watched else None
    return lambda: model.complete(request, watch)


def attempt(base_url: str, opened: AsyncExitStack) -> Call:
    """The same with patience, a deadline and an account."""
    model, request = ClaudeModel(lambda: KEY, ModelSettings(base_url=base_url)), _request()
    opened.push_async_callback(model.close)
    calls = ModelCalls(lambda _: model)

    async def call() -> object:
        async with Deadline(600) as deadline:
            return await calls.model(MODEL, deadline, Spending()).complete(request)

    return call


def _request() -> Request:
    return Request(model=MODEL, messages=(Message(role="user", text=PROMPT),), max_tokens=1000)


async def fleet_run(fleet: Any, number: int, server: int) -> tuple[float, float]:
    """A whole run of as many items, driven in this process."""
    from cluster.driver import Driver

    items = tuple(Item(id=f"i{n}", description=PROMPT) for n in range(CALLS))
    run = f"w4-{number}"
    record = await fleet.store.accept(Accept(run, None, run, "digest", MODEL, items, {}))
    wall, cpu = time.perf_counter(), time.process_time() + cpu_below(os.getpid(), {server})
    async with asyncio.timeout(RUN_S):  # a run that is paused would be waited for without an end
        status = await Driver(record, fleet.store, fleet.agents, "benchmark").drive()
    assert status is RunStatus.COMPLETED
    took = time.perf_counter() - wall
    return took, time.process_time() + cpu_below(os.getpid(), {server}) - cpu


async def measure(base_url: str, server: int, rounds: int) -> dict[str, list[tuple[float, float]]]:
    """Wall and CPU seconds of each way of calling, by round."""
    os.environ["ANTHROPIC_API_KEY"] = KEY  # each agent reads it in its own process
    models = ModelSettings(base_url=base_url, max_tokens=1000)
    shape = FleetSettings(pools=Pools(executors=2).only([Role.EXECUTOR]), concurrency=AT_ONCE // 2)
    settings = Settings(home=Path(tempfile.mkdtemp()), fleet=shape, models=models)
    config.prepare_ray(settings.home)
    from cluster.fleet import Fleet

    garbage.calm()
    opened = AsyncExitStack()
    ways = {
        "SDK alone, aiohttp": alone(base_url, "aiohttp", opened),
        "SDK alone, httpx2": alone(base_url, "httpx2", opened),
        "adapter": adapter(base_url, opened),
        "adapter, patience, account": attempt(base_url, opened),
        "adapter, streamed": adapter(base_url, opened, watched=True),
    }
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in (*ways, "runs on a fleet")}
    async with opened, Fleet(settings, frozenset({MODEL})) as fleet:
        for number in range(rounds + 1):
            for name, call in ways.items():
                taken[name].append(await w4(call))
            taken["runs on a fleet"].append(await fleet_run(fleet, number, server))
    return {name: times[1:] for name, times in taken.items()}  # the first warms up


def tell(taken: Mapping[str, Sequence[tuple[float, float]]]) -> None:
    """Print a line for each way of calling."""
    first = next(iter(taken.values()))
    for name, times in taken.items():
        wall, cpu = (statistics.median(column) for column in zip(*times, strict=True))
        ratio = statistics.median(ours[1] / theirs[1] for ours, theirs in zip(times, first, strict=True))
        each = f"{1e3 * cpu / CALLS:6.2f} ms CPU/call {ratio:5.2f} x"
        print(f"{name:28} {each}   wall/ideal {wall / IDEAL_S:5.2f}", flush=True)


if __name__ == "__main__":
    PLAN = Script(text=ANSWER, latency=Latency(base_s=LATENCY_S), remember=False)
    ROUNDS, BEGAN, BEFORE = int(sys.argv[1]) if len(sys.argv) > 1 else 5, time.time(), kept.load()
    with running(PLAN) as here:
        TAKEN = asyncio.run(measure(here.base_url, here.pid, ROUNDS))
    tell(TAKEN)
    TOLD = {"rounds": ROUNDS, "calls": CALLS, "at_once": AT_ONCE, "ideal_s": IDEAL_S, "ways": TAKEN}
    kept.keep("calls", TOLD, BEGAN, BEFORE)

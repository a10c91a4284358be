"""The floors in one process, as a player: plain asyncio, and from the SDK alone up to what an attempt of ours adds.

Only "raw asyncio" carries out every workload; the others need an API to ask.
"""

import asyncio
from collections.abc import Callable, Mapping
from functools import cache

from actors.models.calls import ModelCalls
from actors.models.claude import ClaudeModel
from actors.models.port import Message, Request
from actors.models.spending import Spending
from actors.roles.deadline import Deadline
from actors.settings import ModelSettings
from benchmarks.peers.asking import MAX_TOKENS, MODEL, PROMPT
from benchmarks.peers.playing import System, Work, play, timed
from benchmarks.walking import Call, value, walk
from benchmarks.workloads import Edges

REQUEST = Request(model=MODEL, messages=(Message(role="user", text=PROMPT),), max_tokens=MAX_TOKENS)
DEADLINE_S = 600.0


@cache
def model(base_url: str, key: str) -> ClaudeModel:
    """The adapter, with its connections."""
    return ClaudeModel(lambda: key, ModelSettings(base_url=base_url))


async def plain(edges: Edges, work: Work) -> float:
    """One loop, nothing else."""
    return await timed(edges, walk(edges, work.call, work.at_once))


def adapter(opened: ClaudeModel, *, streamed: bool = False) -> Call:
    """Every reply is checked; streamed: and somebody watches it arrive."""
    watch = (lambda _: None) if streamed else None

    async def call(item: int, parents: list[int]) -> int:
        await opened.complete(REQUEST, watch)
        return value(item, parents)

    return call


def attempt(opened: ClaudeModel) -> Call:
    """The same with patience, a deadline and an account."""
    calls = ModelCalls(lambda _: opened)

    async def call(item: int, parents: list[int]) -> int:
        async with Deadline(DEADLINE_S) as deadline:
            await calls.model(MODEL, deadline, Spending()).complete(REQUEST)
        return value(item, parents)

    return call


def through(call_of: Callable[[ClaudeModel], Call]) -> System:
    """A fan-out whose items ask like this."""

    async def run(edges: Edges, work: Work) -> float:
        assert work.api, "only where there is an API"
        call = call_of(model(work.api["base_url"], work.api["key"]))
        return await timed(edges, walk(edges, call, work.at_once))

    return run


SYSTEMS: Mapping[str, System] = {
    "raw asyncio": plain,
    "adapter": through(adapter),
    "adapter, patience, account": through(attempt),
    "adapter, streamed": through(lambda opened: adapter(opened, streamed=True)),
}


if __name__ == "__main__":
    asyncio.run(play(SYSTEMS, ("anthropic",)))

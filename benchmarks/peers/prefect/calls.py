"""Prefect, results kept: a fan-out of calls; started again, it finds the results of those that were complete.

python -m benchmarks.peers.prefect.calls '{"base_url", "key", "items", "at_once"}'
"""

import asyncio
import json
import sys
from typing import Any

from prefect import flow, task
from prefect.cache_policies import INPUTS

from benchmarks.peers.calling import called
from benchmarks.walking import walk


@task(cache_policy=INPUTS, persist_result=True)
async def item(base_url: str, key: str, number: int) -> int:
    """One call."""
    return await called(base_url, key, number)


@flow
async def fan_out(told: dict[str, Any]) -> int:
    """All of them."""

    async def call(number: int, _: list[int]) -> int:
        made: int = await item(told["base_url"], told["key"], number)
        return made

    return await walk({n: [] for n in range(told["items"])}, call, told["at_once"])


if __name__ == "__main__":
    asyncio.run(fan_out(json.loads(sys.argv[1])))

"""DBOS: a fan-out of calls as steps of one workflow, which a start of the same program goes on with by itself.

python -m benchmarks.peers.dbos.calls URL '{"base_url", "key", "items", "at_once"}'
"""

import asyncio
import json
import sys
from typing import Any

from dbos import DBOS, SetWorkflowID

from benchmarks.peers.calling import called
from benchmarks.peers.dbos.launched import launched
from benchmarks.walking import walk


@DBOS.workflow()
async def fan_out(told: dict[str, Any]) -> int:
    """All of them."""
    steps = {item: DBOS.reserve_step() for item in range(told["items"])}

    async def call(number: int, _: list[int]) -> int:
        made: int = await steps[number].run_async(None, called, told["base_url"], told["key"], number)
        return made

    return await walk({item: [] for item in steps}, call, told["at_once"])


async def run(asked: dict[str, Any]) -> None:
    """A workflow of this id that exists is waited for."""
    with SetWorkflowID("calls"):
        handle = await DBOS.start_workflow_async(fan_out, asked)
    await handle.get_result()


def main(url: str, asked: dict[str, Any]) -> None:
    """Until all are answered."""
    with launched(url):
        asyncio.run(run(asked))


if __name__ == "__main__":
    main(sys.argv[1], json.loads(sys.argv[2]))

"""DBOS: a conversation as a workflow, a step for each answer of the model and one for each tool.

python -m benchmarks.peers.dbos.talk URL '{"turns", "said", "result"}'
"""

import asyncio
import json
import sys
from typing import Any

from dbos import DBOS

from benchmarks.peers.dbos.launched import launched


async def say(text: str) -> str:
    """What a model or a tool says."""
    return text


@DBOS.workflow()
async def talk(asked: dict[str, Any]) -> int:
    """Ends with the model's last turn."""
    for turn in range(asked["turns"]):
        await DBOS.run_step_async({"name": "model"}, say, asked["said"])
        if turn + 1 < asked["turns"]:
            await DBOS.run_step_async({"name": "tool"}, say, asked["result"])
    return int(asked["turns"])


async def run(asked: dict[str, Any]) -> None:
    """The whole conversation."""
    handle = await DBOS.start_workflow_async(talk, asked)
    await handle.get_result()


def main(url: str, asked: dict[str, Any]) -> None:
    """And end."""
    with launched(url):
        asyncio.run(run(asked))


if __name__ == "__main__":
    main(sys.argv[1], json.loads(sys.argv[2]))

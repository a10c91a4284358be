"""LangGraph, SQLite: a fan-out of calls; started again, it goes on with what its checkpoints know.

python -m benchmarks.peers.langgraph.calls FOLDER '{"base_url", "key", "items", "at_once"}'
"""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
from langgraph.func import entrypoint, task

from benchmarks.peers.calling import called
from benchmarks.walking import walk


@task
async def item(asked: dict[str, Any], number: int) -> int:
    """One call."""
    return await called(asked["base_url"], asked["key"], number)


async def main(folder: Path, asked: dict[str, Any]) -> None:
    """Until all are answered."""
    async with AsyncSqliteSaver.from_conn_string(str(folder / "calls.db")) as saver:

        @entrypoint(checkpointer=saver)
        async def fan_out(told: dict[str, Any]) -> int:
            async def call(number: int, _: list[int]) -> int:
                made: int = await item(told, number)
                return made

            return await walk({n: [] for n in range(told["items"])}, call, told["at_once"])

        config = {"configurable": {"thread_id": "calls"}}
        begun = await saver.aget_tuple(config)
        await fan_out.ainvoke(None if begun else asked, config)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), json.loads(sys.argv[2])))

"""LangGraph: an item is a task of the functional API, the entrypoint walks the graph. Not durable, or in SQLite.

With a checkpointer LangGraph writes what a task gave in the background (durability "async", its default): an item may
begin before its parents are on disk. SQLite is in WAL mode with synchronous=FULL.
"""

import asyncio
import os
import tempfile
import uuid
from pathlib import Path
from typing import Any

from langgraph.checkpoint.memory import InMemorySaver
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
from langgraph.func import entrypoint, task

from benchmarks.peers.playing import System, Work, play, timed
from benchmarks.walking import walk
from benchmarks.workloads import Edges

os.environ["LANGSMITH_TRACING"] = "false"


def system(saver: Any) -> System:
    """With this checkpointer; a thread for each run."""

    async def run(edges: Edges, work: Work) -> float:
        item = task(work.call)

        @entrypoint(checkpointer=saver() if callable(saver) else saver)
        async def walked(_: int) -> int:
            return await walk(edges, item, work.at_once)

        return await timed(edges, walked.ainvoke(0, {"configurable": {"thread_id": str(uuid.uuid4())}}))

    return run


async def main() -> None:
    """Play both."""
    path = Path(tempfile.mkdtemp()) / "langgraph.db"
    async with AsyncSqliteSaver.from_conn_string(str(path)) as sqlite:
        systems = {"LangGraph, memory": system(InMemorySaver), "LangGraph, SQLite": system(sqlite)}
        await play(systems, ("langgraph", "langgraph-checkpoint-sqlite"), {"LangGraph, SQLite": path})


if __name__ == "__main__":
    asyncio.run(main())

"""LangGraph, SQLite: a conversation whose messages are the graph's state, one node for the model and one for the tool.

python -m benchmarks.peers.langgraph.talk FOLDER '{"turns", "said", "result"}'
"""

import asyncio
import json
import operator
import sys
from pathlib import Path
from typing import Annotated, Any, TypedDict

from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
from langgraph.graph import END, START, StateGraph


class Talk(TypedDict):
    """All that was said."""

    messages: Annotated[list[dict[str, str]], operator.add]


def graph_of(asked: dict[str, Any]) -> Any:
    """Ends with the model's last turn."""

    async def model(_: Talk) -> dict[str, Any]:
        return {"messages": [{"role": "assistant", "content": asked["said"]}]}

    async def tool(_: Talk) -> dict[str, Any]:
        return {"messages": [{"role": "tool", "content": asked["result"]}]}

    def after(state: Talk) -> str:
        turns = sum(message["role"] == "assistant" for message in state["messages"])
        return "tool" if turns < asked["turns"] else END

    graph = StateGraph(Talk)
    graph.add_node("model", model)
    graph.add_node("tool", tool)
    graph.add_edge(START, "model")
    graph.add_conditional_edges("model", after, ["tool", END])
    graph.add_edge("tool", "model")
    return graph


async def main(folder: Path, asked: dict[str, Any]) -> None:
    """The whole conversation."""
    async with AsyncSqliteSaver.from_conn_string(str(folder / "talk.db")) as saver:
        config = {"configurable": {"thread_id": "talk"}, "recursion_limit": 10 * asked["turns"]}
        begin = {"messages": [{"role": "user", "content": "Begin."}]}
        await graph_of(asked).compile(checkpointer=saver).ainvoke(begin, config)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), json.loads(sys.argv[2])))

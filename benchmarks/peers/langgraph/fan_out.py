"""LangGraph: one graph that fans out to as many calls as it is given, with the SDK's retries.

    python -m benchmarks.peers.langgraph.fan_out BASE_URL KEY RETRIES

A call that fails is caught in its node: without that, the first one would end the whole graph.
"""

import asyncio
import operator
import sys
from typing import Annotated, Any, TypedDict

from anthropic import AnthropicError
from langchain_anthropic import ChatAnthropic
from langgraph.graph import END, START, StateGraph
from langgraph.types import Send

from benchmarks.peers.limited import AT_ONCE, MAX_TOKENS, MODEL, SYSTEM, play


class Work(TypedDict):
    """What is asked."""

    texts: list[str]
    done: Annotated[int, operator.add]


def graph_of(model: ChatAnthropic) -> Any:
    """A node for each text, all of them beside each other."""

    async def call(state: dict[str, str]) -> dict[str, int]:
        try:
            await model.ainvoke([("system", SYSTEM), ("human", state["text"])])
        except AnthropicError:
            return {"done": 0}
        return {"done": 1}

    def fan_out(state: Work) -> list[Send]:
        return [Send("call", {"text": text}) for text in state["texts"]]

    graph = StateGraph(Work)
    graph.add_node("call", call)
    graph.add_conditional_edges(START, fan_out, ["call"])
    graph.add_edge("call", END)
    return graph.compile()


async def main(base_url: str, key: str, retries: int) -> None:
    """Play."""
    model = ChatAnthropic(model=MODEL, base_url=base_url, api_key=key, max_tokens=MAX_TOKENS, max_retries=retries)
    graph = graph_of(model)

    async def fan_out(texts: list[str]) -> int:
        ended = await graph.ainvoke({"texts": texts, "done": 0}, {"max_concurrency": AT_ONCE})
        return int(ended["done"])

    await play(fan_out, ("langgraph", "langchain-anthropic"))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))

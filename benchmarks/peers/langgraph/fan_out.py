"""One graph that fans out to as many calls as it is given; runs in an environment of its own, see environments.py.

Reads a line of JSON from stdin, warms up, says `ready`, waits for another line, and says how many calls were answered.
A call that fails is caught in its node: without that, the first one would end the whole graph.
"""

import asyncio
import json
import operator
import sys
from typing import Annotated, Any, TypedDict

from anthropic import AnthropicError
from langchain_anthropic import ChatAnthropic
from langgraph.graph import END, START, StateGraph
from langgraph.types import Send


class Work(TypedDict):
    """What is asked."""

    texts: list[str]
    done: Annotated[int, operator.add]


def graph_of(model: ChatAnthropic, system: str) -> Any:
    """A node for each text, all of them beside each other."""

    async def call(state: dict[str, str]) -> dict[str, int]:
        try:
            await model.ainvoke([("system", system), ("human", state["text"])])
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


async def main() -> None:
    """As the module says."""
    asked = json.loads(sys.stdin.readline())
    model = ChatAnthropic(
        model=asked["model"],
        base_url=asked["base_url"],
        api_key=asked["key"],
        max_tokens=asked["max_tokens"],
        max_retries=asked["retries"],
    )
    graph, config = graph_of(model, asked["system"]), {"max_concurrency": asked["at_once"]}
    await graph.ainvoke({"texts": asked["warm"], "done": 0}, config)
    print("ready", flush=True)
    sys.stdin.readline()
    print((await graph.ainvoke({"texts": asked["texts"], "done": 0}, config))["done"], flush=True)


asyncio.run(main())

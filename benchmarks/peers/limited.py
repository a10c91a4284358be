"""What everybody asks at the limit of an API, as a player: a line {"texts"} in, a line {"done"} out."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any

from benchmarks.peers.environments import ROOT
from benchmarks.peers.playing import answering

MODEL = "claude-sonnet-5-5"
MAX_TOKENS = 64
AT_ONCE = 100
SYSTEM = (ROOT / "actors" / "roles" / "prompts" / "executor.md").read_text(encoding="utf-8").strip()
"""What our executors say, so that all calls are of a size."""

FanOut = Callable[[list[str]], Awaitable[int]]
"""Texts, each of them asked once, to how many were answered."""


async def play(fan_out: FanOut, distributions: Iterable[str]) -> None:
    """Until nobody asks any more."""

    async def answer(asked: Mapping[str, Any]) -> Mapping[str, Any]:
        return {"done": await fan_out(asked["texts"])}

    await answering(answer, distributions)

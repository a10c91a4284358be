"""W5: calls at the limit of an API: what is refused, what fails, and how much of the limit is used.

    python -m benchmarks.limits            the cases of a comparison, each once
    python -m benchmarks.limits CASE …     these once more, beside what is kept of them and of others

1,200 requests per minute, and as many input tokens as so many calls take in the mean, in buckets that hold five seconds
of that; 100 calls at once; answers after 0.3 s. The share is what was accepted of what the scarcer limit
allowed in the time from the first call to the last answer, with the bucket full at the beginning. Everybody makes
forty calls before that: importing the SDK takes seconds. Each case has a server of its own, and nothing else is up.
"""

import random
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing
from functools import partial
from typing import Any, NamedTuple

from benchmarks import players, starts
from benchmarks.peers.limited import AT_ONCE, SYSTEM
from benchmarks.players import Player
from benchmarks.report import kept
from benchmarks.starts import Start
from tests.messages_server import KEY, Latency, Limits, Running, Script, running

Json = dict[str, Any]

TEXT_CHARACTERS = (20, 360)
"""Of what is asked after the system prompt."""
TOKENS_OF_CALL = (len(SYSTEM) + sum(TEXT_CHARACTERS) // 2) // 4
"""In the mean, at the server's four characters each."""

REQUESTS, BURST_S = 1200, 5
TOKENS = REQUESTS * TOKENS_OF_CALL
LATENCY_S = 0.3
LIMITS = Limits(requests=REQUESTS, input_tokens=TOKENS, output_tokens=10 * TOKENS, burst=BURST_S / 60)
SCRIPT = Script(latency=Latency(base_s=LATENCY_S), limits={"*": LIMITS}, counted=True, remember=False)

SHORT, LONG = 600, 2400
KILL_AFTER_S = LONG / REQUESTS * 30


class Case(NamedTuple):
    """Who asks, how often; `start` gets the server's address and its key."""

    name: str
    start: Callable[..., AbstractContextManager[Start]]
    calls: int = SHORT
    arguments: tuple[str, ...] = ()
    is_usual: bool = True


LANGGRAPH = partial(starts.peer, "langgraph", "fan_out")
SDK = partial(starts.ours, "retried")
OURS = partial(starts.ours, "governed")
ONE = ("1", "0")
"""A run, and nobody is killed."""

CASES = (
    Case("the SDK's own retries, 2", SDK, arguments=("2",)),
    Case("the SDK's own retries, 10", SDK, arguments=("10",)),
    Case("LangGraph, the SDK's retries, 2", LANGGRAPH, arguments=("2",)),
    Case("LangGraph, the SDK's retries, 10", LANGGRAPH, arguments=("10",)),
    Case("mnemosyne", OURS, arguments=ONE),
    Case("mnemosyne, a longer run", OURS, LONG, ONE),
    Case("mnemosyne, two runs with a driver each", OURS, LONG, ("2", "0"), is_usual=False),
    Case("mnemosyne, the governor killed", OURS, LONG, ("1", f"{KILL_AFTER_S:g}"), is_usual=False),
)


def texts(calls: int) -> list[str]:
    """What is asked, the same in every run."""
    chance = random.Random(1)
    return [f"[item:i{n}] ".ljust(chance.randint(*TEXT_CHARACTERS), "x") for n in range(calls)]


def warm_texts() -> list[str]:
    """Asked before it begins."""
    return [f"[item:warm{n}]" for n in range(40)]


class Measured:
    """From now on, as the server counts it."""

    def __init__(self, server: Running) -> None:
        self._server, self._before, self._begin = server, server.ledger(), time.perf_counter()

    def told(self, calls: int, done: int) -> Json:
        """A trial that is over."""
        seconds, ledger = time.perf_counter() - self._begin, self._server.ledger()
        took = {what: ledger[what] - self._before[what] for what in ("accepted", "input_tokens", "limited")}
        used = ((took["accepted"], REQUESTS), (took["input_tokens"], TOKENS))
        share = max(amount / (limit / 60 * (BURST_S + seconds)) for amount, limit in used)
        counts = {"calls": calls, "failed": calls - done, "limited": took["limited"], "twice": ledger["paid_twice"]}
        counts["tokens_of_call"] = round(took["input_tokens"] / max(took["accepted"], 1))
        return {**counts, "seconds": round(seconds, 2), "share": round(share, 4)}


def trial(case: Case) -> tuple[Json, Json]:
    """A case, and the versions that it tells. Raises RuntimeError and OSError if it ends."""
    with (
        running(SCRIPT) as server,
        case.start(server.base_url, KEY, *case.arguments) as start,
        closing(Player(start)) as player,
    ):
        player.play(texts=warm_texts())
        time.sleep(BURST_S + 1)  # until the buckets are full
        measured = Measured(server)
        answer = player.play(texts=texts(case.calls))
        if "error" in answer:
            raise RuntimeError(answer["error"])
        return measured.told(case.calls, answer["done"]), dict(player.versions)


def measure(names: list[str]) -> Iterator[Json]:
    """What is known after each case; those that are not named stay as they were."""
    before = (kept.kept("limits") if names else None) or {}
    cases, missing = dict[str, list[Json]](before.get("cases", {})), dict[str, str](before.get("missing", {}))
    versions = dict[str, str](before.get("versions", {}))
    limits = {"requests": REQUESTS, "input_tokens": TOKENS, "burst_s": BURST_S, "latency_s": LATENCY_S}
    limits |= {"at_once": AT_ONCE, "tokens_of_call": TOKENS_OF_CALL}
    for case in CASES:
        if case.name in names or (case.is_usual and not names):
            try:
                told, found = trial(case)
            except (OSError, RuntimeError) as error:
                missing[case.name] = players.reason(error)
            else:
                cases.setdefault(case.name, []).append(told)
                versions |= found
                missing.pop(case.name, None)
            print(case.name, missing.get(case.name) or cases[case.name][-1], flush=True)
            yield {
                "limits": limits | {"at_once": AT_ONCE, "tokens_of_call": TOKENS_OF_CALL},
                "versions": versions,
                "cases": cases,
                "missing": missing,
            }


if __name__ == "__main__":
    kept.run("limits", measure(sys.argv[1:]))

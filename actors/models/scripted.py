"""A model without a model: deterministic answers and failures, for tests, benchmarks and users' own tests."""

import asyncio
import json
import os
import re
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Literal
from zlib import crc32

from actors.errors import AnswerCutOff
from actors.models.answer import parse
from actors.models.blocks import Text, ToolCall
from actors.models.example import example
from actors.models.port import OnDelta, Reply, Request, StopReason
from actors.models.script import FAILURES, Rule, Script
from actors.vocabulary.characters import whole, whole_json
from actors.work import Usage

NAME = "scripted"
EXIT_CODE = 70
FOR_EVER_S = 1e6
EATEN, BITE, BITE_S = 2 << 30, 4 << 20, 0.04
"""Bytes that an item takes at most, and takes at once, so far apart."""
SHOWN = 60
"""Characters of the last message that come back in the usual answer."""

NOTHING = Rule()


class ScriptedModel:
    """The same request and the same script give the same answer. `requests` counts the calls."""

    def __init__(self, script: Script | None = None) -> None:
        self._script = script or Script()
        self._rules = [(rule, rule.pattern()) for rule in self._script.rules]
        self._used = [0] * len(self._rules)
        self.requests = 0

    async def complete(self, request: Request, on_delta: OnDelta | None = None) -> Reply:
        """See Model. Never leaves the event loop if no latency, delay or hang is asked for."""
        begin = time.perf_counter()
        self.requests += 1
        rule = self._rule(request) if self._rules else NOTHING
        if delay_s := self._script.latency_s + rule.delay_s:
            await asyncio.sleep(delay_s)
        if rule is not NOTHING:
            await _misbehave(rule)
        if rule.calls:
            return _calling(rule, request, time.perf_counter() - begin)
        text = _text(rule, request)
        if on_delta is not None:
            _stream(text, on_delta)
        if request.output is not None and rule.stop is StopReason.MAX_TOKENS:
            raise AnswerCutOff("the scripted answer reached max_tokens before its JSON was complete")
        parsed = None if request.output is None else parse(text, request.output)
        seconds = time.perf_counter() - begin
        return Reply(text=text, parsed=parsed, stop=rule.stop, model=NAME, usage=_usage(request, text), seconds=seconds)

    async def close(self) -> None:
        """Nothing is open."""

    def _rule(self, request: Request) -> Rule:
        places = (request.tag, request.system, *(message.said for message in request.messages))
        for index, (rule, pattern) in enumerate(self._rules):
            spent = rule.times is not None and self._used[index] >= rule.times
            spent = spent or rule.turn not in (None, _turn(request))
            if not spent and any(pattern.search(place) for place in places):
                self._used[index] += 1
                return rule
        return NOTHING


async def _misbehave(rule: Rule) -> None:
    if rule.exit:
        os._exit(EXIT_CODE)
    if rule.hang:
        await asyncio.Event().wait()
    if rule.seize:
        await _seize(rule.seize)
    if rule.failure is not None:
        raise FAILURES.get(rule.failure, RuntimeError)(rule.message)


async def _seize(what: Literal["loop", "gil", "cancel", "memory"]) -> None:
    if what == "loop":
        time.sleep(FOR_EVER_S)  # noqa: ASYNC251 - that is what was asked for
    if what == "gil":
        re.match(r"(a+)+$", "a" * 100 + "b")  # takes longer than anybody lives
    if what == "memory":
        await _eat()
    while True:
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(FOR_EVER_S)


async def _eat() -> None:
    eaten: list[bytes] = []
    while len(eaten) < EATEN // BITE:
        eaten.append(b"x" * BITE)  # a page counts once it was written to
        await asyncio.sleep(BITE_S)
    await asyncio.Event().wait()


def _turn(request: Request) -> int:
    return 1 + sum(message.role == "assistant" for message in request.messages)


def _calling(rule: Rule, request: Request, seconds: float) -> Reply:
    said = whole(rule.answer) if isinstance(rule.answer, str) else ""
    wishes = [
        ToolCall(id=f"call_{_turn(request)}_{number}", name=call.tool, input=_whole(call.arguments))
        for number, call in enumerate(rule.calls, 1)
    ]
    usage = _usage(request, said + "".join(json.dumps(dict(call.arguments)) for call in rule.calls))
    blocks = (*((Text(text=said),) if said else ()), *wishes)
    return Reply(text=said, blocks=blocks, stop=StopReason.TOOL_USE, model=NAME, usage=usage, seconds=seconds)


def _whole(arguments: Mapping[str, Any]) -> Any:
    return json.loads(whole_json(json.dumps(dict(arguments))))


def _text(rule: Rule, request: Request) -> str:
    if isinstance(rule.answer, str):
        return whole(rule.answer)
    if rule.answer is not None:
        return whole(json.dumps(rule.answer, ensure_ascii=False))
    last = request.messages[-1].said if request.messages else ""
    usual = f"Scripted answer {crc32(last.encode()):08x} to: {last[:SHOWN]}"
    return usual if request.output is None else json.dumps(example(request.output, usual), ensure_ascii=False)


def _stream(text: str, on_delta: OnDelta) -> None:
    for word in re.findall(r"\s*\S+\s*", text):
        with suppress(Exception):  # whoever watches must not break the call
            on_delta(word)


def _usage(request: Request, text: str) -> Usage:
    prompt = sum(len(message.said) for message in request.messages) + len(request.system)
    return Usage(input_tokens=prompt // 4, output_tokens=len(text) // 4)

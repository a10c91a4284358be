"""Answers of a model server by what a prompt holds, counted by it; some are held back until a test lets them go."""

import asyncio
import re
from collections import Counter
from collections.abc import Callable, Mapping

from tests.messages_server import Exchange, answers
from tests.messages_server.exchange import Call

Answer = Callable[[Call], str]


class Answering:
    """A Turn: the first pattern that is found in the prompt says what is answered. No call may fit none."""

    def __init__(self, rules: Mapping[str, Answer | str]) -> None:
        self._rules = [(re.compile(pattern), answer) for pattern, answer in rules.items()]
        self.calls: Counter[str] = Counter()
        """By what was found: the text that fits the pattern, and behind it # and the turn if that is not the first."""
        self.held: set[str] = set()
        """Patterns, or what `calls` has for a turn: none of these is answered while it is in here."""

    async def __call__(self, exchange: Exchange) -> None:
        """See Turn."""
        call = exchange.call
        pattern, found, answer = self._found(call)
        turn = turn_of(call)
        key = found if turn == 1 else f"{found}#{turn}"
        self.calls[key] += 1
        while {pattern, key} & self.held:
            await asyncio.sleep(0.01)
        await answers(answer if isinstance(answer, str) else answer(call))(exchange)

    def _found(self, call: Call) -> tuple[str, str, Answer | str]:
        for pattern, answer in self._rules:
            if found := pattern.search(call.prompt):
                return pattern.pattern, found[0], answer
        raise AssertionError(f"nothing is known of this prompt: {call.prompt[:500]}")


def turn_of(call: Call) -> int:
    """Of the conversation; the first is 1."""
    roles = [message["role"] for message in call.body["messages"]]
    return 1 + roles.count("assistant")

"""What a model that makes no mistake says of one item, in every step that somebody asks it for."""

import json
import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from tests.messages_server import Turn, answers
from tests.messages_server.exchange import ITEM, Call
from tests.support.answering import turn_of
from tests.support.reviews import answer

PURPOSES = {
    "You review what another agent made": "review",
    "You find out what a work item asks for": "extract",
    "You condense material for an agent": "consolidate",
}
"""How the prompts of the steps begin that are not work."""


class Asked(NamedTuple):
    """One thing that a model is asked for: paid for once, unless whoever asked is gone."""

    tag: str
    purpose: str
    """work, review, extract or consolidate."""
    turn: int
    version: int = 1
    """Of the work that is made, or judged; 0 before there is any."""


class Lines:
    """Of the item with this tag: tools that it calls, a list for each turn, then its answer.

    `passes`: the version of the work that its review passes; 0 if it has none. `extracts`: whether it is asked for
    requirements.
    """

    def __init__(
        self, tag: str, answer: str, turns: Sequence[Sequence[Any]] = (), passes: int = 0, *, extracts: bool = False
    ) -> None:
        self._tag, self._answer, self._turns, self._passes = tag, answer, turns, passes
        self._required = int(extracts)
        self._version = re.compile(rf"{re.escape(tag)}#v(\d+)")

    @property
    def end(self) -> str:
        """Its result."""
        return self._made(self._passes)

    def _made(self, version: int) -> str:
        return f"{self._answer} {self._tag}#v{version}" if self._passes else self._answer

    def asked(self, call: Call) -> Asked:
        """What this call is about: the newest version that is told of is judged, or made anew."""
        system = str(call.body.get("system"))
        purpose = next((name for begin, name in PURPOSES.items() if begin in system), "work")
        known = max((int(version) for version in self._version.findall(call.prompt)), default=0)
        return Asked(self._tag, purpose, turn_of(call), known + 1 if purpose == "work" else known)

    def said(self, asked: Asked) -> Turn:
        """The answer."""
        match asked.purpose:
            case "review":
                return answers(self._verdict(asked.version))
            case "extract":
                return answers(json.dumps({"requirements": [f"It is {self._tag}."]}))
            case "consolidate":
                return answers(f"{self._tag}#v{asked.version} is wrong again.")
        if asked.turn <= len(self._turns):
            return answers(content=list(self._turns[asked.turn - 1]), stop_reason="tool_use")
        return answers(self._made(asked.version))

    def _verdict(self, version: int) -> str:
        passed = version >= self._passes
        found = json.loads(answer(passed=passed, requirements=self._required))
        return json.dumps(found if passed else {**found, "issues": [f"{self._tag}#v{version} is wrong."]})


def tag_of(call: Call) -> str:
    """Of the item that this call is for."""
    return str(ITEM.findall(call.prompt)[0])

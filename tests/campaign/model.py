"""The model of a campaign: answers by the tag of a prompt, notes every call, and plays one fault when it is told to."""

import json
import time
from collections import Counter, defaultdict
from random import Random

from tests.campaign.lines import Asked, Lines, tag_of
from tests.campaign.plans import Plan
from tests.messages_server import FAULTS, Exchange, Turn
from tests.messages_server.exchange import Call
from tests.messages_server.faults import BODIES, CONNECTION, LIMITS, SERVER
from tests.support.claude_failures import EXPECTED, Then, heals
from tests.support.echoes import ECHOES

A_DAY = "rate_limited_for_a_day"
"""An order to wait until tomorrow, which would be obeyed."""
POISON = "the sub-agent did not finish: it worked alone, and again"
PASSING_ECHOES = ("html", "no-json", "server-error", "limit", "overload", "broken-body")
"""Those that are no complaint about the call."""


def _passing(names: object) -> tuple[str, ...]:
    assert isinstance(names, dict)
    forms = {name: [streamed for streamed in (False, True) if FAULTS[name].of(streamed)] for name in names}
    return tuple(
        name for name, ways in forms.items() if name != A_DAY and len(ways) == 2 and all(heals(name, w) for w in ways)
    )


GROUPS = {
    "limits": _passing(LIMITS),
    "server": _passing(SERVER),
    "connection": _passing(CONNECTION),
    "bodies": _passing(BODIES),
    "account": tuple(name for name, row in EXPECTED.items() if row.then is Then.PAUSED),
    "echo": PASSING_ECHOES,
}
"""Faults by what they are about. None is any item's: all pass by themselves, or once a person has seen to it."""


class CampaignModel:
    """A Turn of the messages server."""

    def __init__(self, key: str) -> None:
        self._key = key
        self._said: dict[str, Lines] = {}
        self.calls: defaultdict[Asked, list[float]] = defaultdict(list)
        """When each came in, in Unix seconds."""
        self.paid: Counter[Asked] = Counter()
        """Answers that went out whole."""
        self.landed: list[tuple[str, float]] = []
        """Groups of the faults that were played, and when."""
        self.odd: list[str] = []
        """Calls of tools that came back as errors, though none was asked for what it cannot do."""
        self._due: list[tuple[str, str]] = []

    def learn(self, plan: Plan) -> None:
        """What its items are answered."""
        self._said.update(plan.said)

    def fail(self, group: str, rng: Random) -> None:
        """The next call meets a fault of this group."""
        self._due.append((group, rng.choice(GROUPS[group])))

    async def __call__(self, exchange: Exchange) -> None:
        """See Turn."""
        call = exchange.call
        lines = self._said[tag_of(call)]
        asked = lines.asked(call)
        self.odd += [f"{asked}: {told}" for told in errors(call)]
        self.calls[asked].append(time.time())
        if self._due:
            group, name = self._due.pop(0)
            self.landed.append((group, time.time()))
            await self._fault(group, name, call)(exchange)
            return
        await lines.said(asked)(exchange)
        self.paid[asked] += 1

    def _fault(self, group: str, name: str, call: Call) -> Turn:
        if group == "echo":
            return ECHOES[name](self._key)
        turn = FAULTS[name].of(call.is_streamed)
        assert turn
        return turn


def errors(call: Call) -> list[str]:
    """What the tools said that were called last, where it is an error. Of a sub-agent that is poison the verdict says
    whether it is, as of every other item."""
    blocks = call.body["messages"][-1]["content"]
    told = [json.dumps(block) for block in blocks if isinstance(block, dict) and block.get("is_error")]
    return [error[:500] for error in told if POISON not in error]

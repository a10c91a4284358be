"""spawn_subagent: asks the run for an item that another agent does. Its six conditions are checked, not promised.

It is independent (it gets what the call hands over and nothing else), the context has room for its result, it waits
for nobody, says when it is done, what it hands back, and what its parent does if it fails.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from actors.context.marked import marked, shortened, visible
from actors.tools.capability import SUBAGENTS
from actors.tools.tool import Said, ToolResult, ToolSpec, parameters
from actors.work import Frozen, Ran, Role

NAME = "spawn_subagent"

HANDED = 50_000
"""Characters that are handed over, and characters of a result that are handed back."""

_TEXT = {"type": "string", "minLength": 1, "maxLength": 10_000}
_ROLES = [role.value for role in Role if role is not Role.ORCHESTRATOR]


class Handed(Frozen):
    """A piece of work for a sub-agent."""

    description: str
    success_criteria: tuple[str, ...]
    hand_back: str
    if_it_fails: str
    inputs: Mapping[str, str] = {}
    tools: tuple[str, ...] = ()
    agent: Role = Role.EXECUTOR

    def told(self) -> str:
        """What the sub-agent is told to do."""
        criteria = "\n".join(f"- {one}" for one in self.success_criteria)
        return f"{self.description}\n\nIt is done when:\n{criteria}\n\nHand back: {self.hand_back}"


class SpawnSubagent:
    """For an item with these capabilities; a sub-agent gets no others."""

    def __init__(self, declared: Sequence[str]) -> None:
        tools = [one for one in declared if one != SUBAGENTS] + [SUBAGENTS]
        self.spec = ToolSpec(
            NAME,
            "Give one independent piece of work to another agent and get what it hands back. It sees only what this "
            "call holds, and works beside the others that this turn asks for. Do small things yourself.",
            parameters(
                {
                    "description": {**_TEXT, "description": "The work, complete: the agent knows nothing else."},
                    "success_criteria": {
                        "type": "array",
                        "items": {**_TEXT, "maxLength": 1000},
                        "minItems": 1,
                        "maxItems": 20,
                        "description": "How somebody can tell that it is done.",
                    },
                    "hand_back": {**_TEXT, "maxLength": 1000, "description": "What it answers, and in which form."},
                    "if_it_fails": {**_TEXT, "maxLength": 1000, "description": "What you do without its result."},
                },
                {
                    "inputs": {
                        "type": "object",
                        "additionalProperties": {"type": "string", "maxLength": HANDED},
                        "maxProperties": 20,
                        "description": "Texts that it needs, by name.",
                    },
                    "tools": {
                        "type": "array",
                        "items": {"enum": tools},
                        "uniqueItems": True,
                        "description": "Capabilities; none unless named.",
                    },
                    "agent": {"enum": _ROLES, "description": "Who does it; default executor."},
                },
            ),
        )

    async def call(self, arguments: Mapping[str, Any], _key: str, /) -> Said:
        """Ask for it; the result comes when the run has done it."""
        text = json.dumps(dict(arguments))
        if len(text) > HANDED:
            return Said(f"refused: {len(text)} characters are handed over, {HANDED} is the most", error=True)
        return Said("", text, wanted=True)


def handed_back(ran: Ran, text: str) -> ToolResult:
    """The end of a sub-agent's item, as its parent gets it."""
    if ran.is_error:
        return ToolResult(visible(text), error=True)
    return ToolResult(marked("data", shortened(text, HANDED), tool=NAME, item=ran.by or ""))

"""The closed sets that labels take their values from: nothing in a metric grows with the work."""

import re
from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Final, get_args

from actors.events import Event
from actors.models.choice import Adapter, kind_of
from actors.tools import capability
from actors.vocabulary.review import Ruling
from actors.work import FINISHED, TERMINAL, FailureKind, ItemState, Outcome, RestartCause, Role, RunStatus
from dashboards.views.agent_info import AgentState

OTHER: Final = "other"

MODELS: Final = 12
"""Models that are told apart, by the order in which they were met; every further one is `other`."""

MODEL_LENGTH: Final = 64

REASONS: Final = tuple(kind.value for kind in FailureKind)

PAUSES: Final = {"by request": "request", "interrupted": "interrupted"}
"""Reasons of pauses that are no kind of failure, and their labels."""

TOOLS: Final = (*chain.from_iterable(capability.TOOLS.values()), capability.ASK_PERSON, "mcp", OTHER)
"""`mcp`: of any MCP server; `other`: a name that no tool has."""

PROVIDERS: Final = {**{kind: kind.value for kind in Adapter}, Adapter.CLAUDE: "anthropic"}
"""Who answers as which kind of model, as the GenAI conventions name it where they do."""

VALUES: Final[Mapping[str, Sequence[str]]] = {
    "role": tuple(role.value for role in Role),
    "agent_state": tuple(state.value for state in AgentState),
    "item_state": tuple(state.value for state in ItemState),
    "end_state": tuple(state.value for state in ItemState if state in TERMINAL),
    "run_state": tuple(status.value for status in RunStatus if status not in FINISHED),
    "end_status": tuple(status.value for status in RunStatus if status in FINISHED),
    "outcome": tuple(kind.model_fields["kind"].default for kind in get_args(get_args(Outcome)[0])),
    "failure": REASONS,
    "reason": (*REASONS, Ruling.REVIEW_FAILED.value, "lost"),
    "pause": (*PAUSES.values(), "budget", "quota", "credentials", OTHER),
    "cause": tuple(cause.value for cause in RestartCause),
    "wait": ("permit", "limit", "backoff"),
    "token_kind": ("input", "output", "cache_read", "cache_write"),
    "limit": ("requests", "input_tokens", "output_tokens", "retry_after", "refusals", "first_answers", OTHER),
    "event": (*(kind.model_fields["type"].default for kind in get_args(get_args(Event)[0])),),
    "tool": TOOLS,
    "gen_ai_token_type": ("input", "output"),
    "error_type": ("", *REASONS),
}
"""By the kind of label that table.py names. Kinds that are not here are `model`, `provider` and `build`."""


def known(kind: str, value: str) -> str:
    """The value, or the one that stands for those that the set does not have."""
    values = VALUES[kind]
    return value if value in values else OTHER


def tool(name: str) -> str:
    """The label of a tool; names of MCP servers and those that models make up are no labels."""
    return "mcp" if name.startswith("mcp__") else known("tool", name)


def provider(model: str) -> str:
    """Who answers as this model."""
    kind = kind_of(model.split("/", 1)[0])
    return PROVIDERS[kind] if kind else OTHER


_ODD = re.compile(r"[^\w./:@-]")


class Models:
    """The names that are told apart."""

    def __init__(self, names: Sequence[str] = ()) -> None:
        self.names = list(names)

    def label(self, model: str) -> str:
        """The model's own name if it is among the first MODELS, else `other`."""
        name = _ODD.sub("_", model)[:MODEL_LENGTH]
        if not name:
            return OTHER
        if name not in self.names:
            if len(self.names) >= MODELS:
                return OTHER
            self.names.append(name)
        return name

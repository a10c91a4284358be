"""What a scripted model does: a frozen value that can be carried as JSON."""

import re
from collections.abc import Mapping
from typing import Literal

from pydantic import Field, JsonValue, NonNegativeFloat, PositiveInt, model_validator

from actors.errors import ModelError
from actors.models.port import StopReason
from actors.work import FailureKind, Frozen

FAILURES: Mapping[FailureKind, type[ModelError]] = {error.kind: error for error in ModelError.__subclasses__()}


class ScriptedCall(Frozen):
    """A call of a tool."""

    tool: str
    arguments: Mapping[str, JsonValue] = Field(default_factory=dict)


class Rule(Frozen):
    """What happens to requests that hold `match`. The first rule that fits and is not used up counts.

    In this order: `delay_s`, `exit`, `hang`, `seize`, `failure`, `calls`, `answer`.
    """

    match: str = ""
    """Found in the system prompt, in a message or in the tag; the empty text is in all of them.

    The tag is run/item/epoch. A rule for one epoch holds when the process was started anew, which `times` forgets.
    """
    regex: bool = False
    times: PositiveInt | None = None
    """Only for the first so many requests that fit."""
    delay_s: NonNegativeFloat = 0.0
    exit: bool = False
    """Ends the process at once, as a kill would."""
    hang: bool = False
    """Never answers; can be cancelled."""
    seize: Literal["loop", "gil", "cancel", "memory"] | None = None
    """Never answers and cannot be cancelled: blocks the loop, holds the interpreter's lock, or ignores cancels.

    memory: never answers either, but can be cancelled; takes up to 2 GiB meanwhile, at most 0.1 GiB a second.
    """
    failure: FailureKind | None = None
    """agent_fault raises an exception that is no ModelError, as a mistake in an agent would."""
    message: str = "scripted failure"
    answer: JsonValue = None
    """A text is sent as it is, also where JSON is asked for; anything else as JSON. None means the usual answer."""
    turn: PositiveInt | None = None
    """Only for this turn of a conversation; the first is 1."""
    calls: tuple[ScriptedCall, ...] = ()
    """Tools that the model calls instead of ending; a text `answer` is said before."""
    stop: StopReason = StopReason.END

    @model_validator(mode="after")
    def _check(self) -> "Rule":
        if self.failure is not None and self.failure not in (*FAILURES, FailureKind.AGENT_FAULT):
            raise ValueError(f"no model fails with {self.failure}; use {', '.join(FAILURES)} or agent_fault")
        try:
            self.pattern()
        except re.error as error:
            raise ValueError(f"match is no regular expression: {error}") from None
        return self

    def pattern(self) -> re.Pattern[str]:
        """What is searched for."""
        return re.compile(self.match if self.regex else re.escape(self.match))


class Script(Frozen):
    """How a ScriptedModel behaves."""

    latency_s: NonNegativeFloat = 0.0
    """Of every call."""
    rules: tuple[Rule, ...] = ()

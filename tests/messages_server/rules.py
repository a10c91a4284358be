"""At which calls a fault is played."""

import random
from typing import Self

from pydantic import Field, PositiveInt, model_validator

from actors.work import Frozen
from tests.messages_server.exchange import Call
from tests.messages_server.faults import FAULTS


class When(Frozen):
    """Calls that fit all that is said here; nothing said: every call."""

    calls: tuple[PositiveInt, ...] = ()
    """Their numbers, from 1."""
    text: str = ""
    """Part of the prompt's messages."""
    chance: float = Field(default=1.0, ge=0.0, le=1.0)
    """Drawn by call number, so the same for the same seed whatever else happens."""
    seed: int = 0
    times: PositiveInt | None = None
    """How often at most; None: always."""

    def fits(self, call: Call) -> bool:
        """Whether this call is one of them."""
        if self.calls and call.number not in self.calls:
            return False
        if self.text and self.text not in call.prompt:
            return False
        return self.chance >= 1.0 or random.Random(f"{self.seed}:{call.number}").random() < self.chance


class Rule(When):
    """A fault of the table, and when it is played."""

    play: str

    @model_validator(mode="after")
    def _known(self) -> Self:
        if self.play not in FAULTS:
            raise ValueError(f"no fault {self.play!r}; there are {', '.join(FAULTS)}")
        return self

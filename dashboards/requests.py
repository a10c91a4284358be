"""What a person may ask for from the page, and whom the page passes it on to."""

from typing import Literal, NamedTuple, Protocol

from pydantic import BaseModel, ConfigDict, Field

from actors.stores.protocol import RunRecord
from actors.work import ItemId


class Wish(BaseModel):
    """One request. `run` and `item` as in the journal; `agent` for those of the fleet.

    `text`: an answer, or why something is denied. `epoch`: of the question that was seen, so that nobody answers
    another one than they read; without it the newest is meant.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    request: Literal["cancel", "pause", "continue", "answer", "approve", "deny", "restart_agent", "reset_agent"]
    run: str | None = Field(default=None, min_length=1, max_length=256)
    item: ItemId | None = None
    agent: str | None = Field(default=None, min_length=1, max_length=256)
    text: str = Field(default="", max_length=8_000)
    epoch: int | None = Field(default=None, ge=0)


class Peeked(NamedTuple):
    """What a model says just now."""

    text: str | None
    """None: nobody can tell, since nothing is streamed to here."""


class Surroundings(Protocol):
    """What a page cannot learn from the journal alone."""

    def alive(self) -> bool:
        """Whether the processes of the fleet, or of an embedded run, are there."""
        ...

    def driven(self, record: RunRecord) -> bool:
        """Whether a process drives the run."""
        ...

    def ask(self, wish: Wish) -> bool:
        """Put it on disk; whether it is in the journal yet. May take seconds. Raises UserError, StoreError."""
        ...

    async def peek(self, run: str, item: str, agent: str) -> Peeked:
        """What the item's model says just now."""
        ...

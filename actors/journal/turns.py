"""What an item did within an attempt: turns that are finished and paid for, and that no other attempt does again."""

from typing import Literal

from actors.context.context import Part
from actors.journal.recorded import Recorded
from actors.vocabulary.frozen import Frozen
from actors.work import Content, Effort, ItemId, Usage


class TurnDone(Recorded):
    """The model answered, and the item goes on; an item of one turn has none of these, its outcome says it all."""

    type: Literal["turn_done"] = "turn_done"
    item: ItemId
    epoch: int
    agent: str
    turn: int
    """Counts from 1 over all attempts of the item."""
    said: Content
    """JSON of actors.roles.turns.Said."""
    model: str
    usage: Usage = Usage()
    """This and the following: since the attempt began, or since its turn before. The outcome counts them too."""
    cost_usd: float | None = None
    estimated_usd: float = 0.0
    estimated_tokens: int = 0
    effort: Effort = Effort()
    usage_percent: int | None = None
    """Of the context that was in use when this answer took the place of all that was said before; None else."""


class ToolDone(Recorded):
    """A tool that the model called in a turn has ended."""

    type: Literal["tool_done"] = "tool_done"
    item: ItemId
    epoch: int
    agent: str
    turn: int
    call: int
    """Which of the turn's calls, from 1."""
    tool: str
    result: Content
    """The text that the model gets."""
    is_error: bool = False
    seconds: float = 0.0


class ContextFilled(Recorded):
    """More than the task itself went into the prompt of this attempt."""

    type: Literal["context_filled"] = "context_filled"
    item: ItemId
    epoch: int
    agent: str
    budget: int
    """Tokens that there was room for."""
    parts: tuple[Part, ...]
    """The task's own first; with what there was no room for."""


class Hit(Frozen):
    """A memory that was found; its text is the memory's own affair."""

    memory: str
    score: float
    """0 to 1; see actors/memory/recall.py."""


class MemoryRecalled(Recorded):
    """The attempt looked for memories, and this is what it was given to choose from, the best first."""

    type: Literal["memory_recalled"] = "memory_recalled"
    item: ItemId
    epoch: int
    agent: str
    into: Literal["prompt", "tool"]
    """Whether it was offered to the prompt, or is what a tool said."""
    found: tuple[Hit, ...]


TurnEvent = TurnDone | ToolDone

Noted = ContextFilled | MemoryRecalled
"""What changes nothing for the item."""

AttemptEvent = TurnEvent | Noted
"""What an attempt puts on disk while it runs."""

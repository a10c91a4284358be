"""What happened to memories, beside those that results are. They belong to no run, so they outlive every run."""

from typing import Literal

from actors.journal.recorded import Recorded
from actors.memory.memory import Memory, MemoryId


class MemoryStored(Recorded):
    """A person or a tool remembered something."""

    type: Literal["memory_stored"] = "memory_stored"
    memory: Memory


class MemoryForgotten(Recorded):
    """A memory is not recalled any more."""

    type: Literal["memory_forgotten"] = "memory_forgotten"
    memory: MemoryId


MemoryEvent = MemoryStored | MemoryForgotten

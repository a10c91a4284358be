"""What one attempt has while it runs."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from actors.errors import AttemptClosed
from actors.journal.turns import AttemptEvent
from actors.models.spending import Spending
from actors.roles.deadline import Deadline
from actors.roles.watched import Watched
from actors.work import Task

Keep = Callable[[AttemptEvent, Mapping[str, str]], Awaitable[bool]]
"""Puts what an attempt did on disk, with its payloads; false if the attempt was closed meanwhile."""


class Course:
    """The attempt of a task: its timeout, its spending, what is said just now, the way of its turns to the journal."""

    def __init__(self, task: Task, agent: str, keep: Keep) -> None:
        self.task, self.agent = task, agent
        self.deadline = Deadline(task.item.timeout)
        self.spending = Spending(task.allowance)
        self.watched = Watched()
        self._keep = keep

    async def record(self, *events: AttemptEvent, payloads: Mapping[str, str] | None = None) -> None:
        """Return once all is on disk, however long that takes: the timeout does not run. Raises AttemptClosed."""
        with self.deadline.paused():
            kept = await asyncio.gather(*(self._keep(event, payloads or {}) for event in events))  # one append
            if not all(kept):
                raise AttemptClosed(f"attempt {self.task.epoch} of {self.task.item.id} was closed while it went on")

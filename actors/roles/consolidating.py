"""What several reviews found becomes one text for the next attempt: the work of an optimizer's agent."""

from collections.abc import Mapping
from typing import NamedTuple

from actors.context.marked import marked, shortened
from actors.errors import AnswerInvalid
from actors.roles.course import Course
from actors.roles.feedback import CRITICAL_ISSUES, SUMMARY_ISSUES, SUMMARY_TESTS, Level, complaint, level_of
from actors.roles.prompt import PROMPTS
from actors.roles.prompted import Asker
from actors.work import Role, Task

REVIEW, TASK = 20_000, 2_000
"""Characters at most of one review, and of the task's description."""

SUMMARY = f"""Condense what these reviews found, for the agent that makes the next attempt: what is still wrong, and \
what was found more than once and so not corrected by what was tried. At most {SUMMARY_ISSUES} findings and \
{SUMMARY_TESTS} tests, the newest review before the older ones."""

WHAT_FOR: Mapping[Level, str] = {
    Level.DETAILED: SUMMARY,
    Level.SUMMARY: SUMMARY,
    Level.CRITICAL: f"""Condense what these reviews found, for the agent that makes the next attempt, to what is \
critical: what alone keeps the work from passing, again and again. At most {CRITICAL_ISSUES} findings, and nothing \
else.""",
}


class Digest(NamedTuple):
    """Of several reviews."""

    text: str


class Consolidating:
    """Makes one text of what an item's reviews found. Raises ModelError, StoreError."""

    def __init__(self, asker: Asker) -> None:
        self._asker = asker

    async def work(self, task: Task, course: Course) -> Digest:
        """Never empty, and never half of it: the next attempt is told that this is all that was found."""
        system = PROMPTS[Role.OPTIMIZER].text
        payloads = await self._asker.payloads(task)
        reply = await self._asker.ask(task, course, payloads, _asked(task), system=system, whole=True)
        if not reply.text.strip():
            raise AnswerInvalid("the reviews were made an empty text")
        return Digest(reply.text.strip())


def _asked(task: Task) -> str:
    reviews = [
        marked("review", shortened(complaint(one), REVIEW), name=f"attempt {number}")
        for number, one in enumerate(task.feedback, 1)
    ]
    what_for = WHAT_FOR[level_of(len(task.feedback))]
    return "\n\n".join([*reviews, f"{what_for} The task:", shortened(task.item.description, TASK)])

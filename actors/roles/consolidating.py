"""The request by which an optimizer's prompt makes one text of what several reviews found. Pure."""

from collections.abc import Mapping

from actors.marked import marked, shortened
from actors.models.port import Message, Request
from actors.review import Purpose
from actors.roles.feedback import CRITICAL_ISSUES, SUMMARY_ISSUES, SUMMARY_TESTS, Level, complaint, level_of
from actors.roles.prompt import PROMPTS
from actors.work import Role, Task

REVIEW, TASK = 20_000, 2_000
"""Characters at most of one review, and of the task's description."""

WHAT_FOR: Mapping[Level, str] = {
    Level.SUMMARY: f"""Condense what these reviews found, for the agent that makes the next attempt: what is still \
wrong, and what was found more than once and so not corrected by what was tried. At most {SUMMARY_ISSUES} findings and \
{SUMMARY_TESTS} tests, the newest review before the older ones.""",
    Level.CRITICAL: f"""Condense what these reviews found, for the agent that makes the next attempt, to what is \
critical: what alone keeps the work from passing, again and again. At most {CRITICAL_ISSUES} findings, and nothing \
else.""",
}


def consolidating(request: Request, task: Task) -> Request | None:
    """Asks for one text of all reviews, by the optimizers' prompt; None if there is at most one, told in full."""
    level = level_of(len(task.feedback))
    if task.purpose is not Purpose.WORK or level is Level.DETAILED:
        return None
    reviews = [
        marked("review", shortened(complaint(one), REVIEW), name=f"attempt {number}")
        for number, one in enumerate(task.feedback, 1)
    ]
    text = "\n\n".join([*reviews, f"{WHAT_FOR[level]} The task:", shortened(task.item.description, TASK)])
    more = {"system": PROMPTS[Role.OPTIMIZER].text, "messages": (Message(role="user", text=text),), "output": None}
    return request.model_copy(update={**more, "tools": ()})

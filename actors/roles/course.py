"""What one attempt has while it runs."""

from actors.models.spending import Spending
from actors.roles.deadline import Deadline
from actors.work import Task


class Course:
    """The attempt of a task: its timeout, and what it spent so far."""

    def __init__(self, task: Task) -> None:
        self.task = task
        self.deadline = Deadline(task.item.timeout)
        self.spending = Spending()

"""What a description asks for, one by one."""

from actors.context import context
from actors.roles.course import Course
from actors.roles.prompt import EXTRACT
from actors.roles.prompted import Asker
from actors.vocabulary.review import Words
from actors.work import Task

LENGTH = 1_000
MOST = 8

SCHEMA = {
    "type": "object",
    "properties": {
        "requirements": {
            "type": "array",
            "items": {"type": "string", "minLength": 1, "maxLength": LENGTH, "pattern": r"\S"},
            "minItems": 1,
            "maxItems": MOST,
        }
    },
    "required": ["requirements"],
    "additionalProperties": False,
}


class Extracting:
    """Finds an item's requirements. Raises ModelError, StoreError."""

    def __init__(self, asker: Asker) -> None:
        self._asker = asker

    async def work(self, task: Task, course: Course) -> tuple[Words, ...]:
        """Each once."""
        payloads = await self._asker.payloads(task)
        text = "\n\n".join([*(piece.text for piece in context.given(task, payloads)), task.item.description])
        reply = await self._asker.ask(task, course, payloads, text, system=EXTRACT.text, output=SCHEMA)
        return tuple(dict.fromkeys(reply.parsed["requirements"]))

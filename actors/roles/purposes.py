"""One worker for all that an agent's tasks are for."""

from actors.models.calls import ModelCalls
from actors.roles.attempt import Work
from actors.roles.consolidating import Consolidating
from actors.roles.conversation import ToolsOf
from actors.roles.course import Course
from actors.roles.extracting import Extracting
from actors.roles.material import Material
from actors.roles.prompt import PROMPTS
from actors.roles.prompted import NOTHING, Asker, Prompted
from actors.roles.reviewing import Reviewing
from actors.settings import Settings
from actors.stores.protocol import Store
from actors.vocabulary.review import Purpose
from actors.work import Role, Task


class Purposes:
    """Does what the task is for. Raises ModelError, StoreError and ToolsUnavailable."""

    def __init__(
        self,
        role: Role,
        store: Store,
        calls: ModelCalls,
        settings: Settings,
        tools: ToolsOf,
        material: Material = NOTHING,
    ) -> None:
        asker = Asker(store, calls, settings.models, tools)
        self._work, self.prompt = Prompted(PROMPTS[role], asker, material), PROMPTS[role].version
        self._review, self._extract = Reviewing(asker, settings), Extracting(asker)
        self._consolidate = Consolidating(asker)

    async def work(self, task: Task, course: Course) -> Work:
        """An answer, a verdict, requirements or one text of several reviews."""
        match task.purpose:
            case Purpose.REVIEW:
                return await self._review.work(task, course)
            case Purpose.EXTRACT:
                return await self._extract.work(task, course)
            case Purpose.CONSOLIDATE:
                return await self._consolidate.work(task, course)
        return await self._work.work(task, course)

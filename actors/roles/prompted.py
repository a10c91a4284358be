"""The part of a role that is all in its prompt."""

from contextlib import AbstractAsyncContextManager, nullcontext

from actors import context
from actors.models.calls import ModelCalls
from actors.models.port import Message, Reply, Request
from actors.roles.conversation import Conversation, ToolsOf
from actors.roles.course import Course
from actors.roles.prompt import Prompt
from actors.stores.protocol import Store
from actors.tools.toolbox import Toolbox
from actors.work import Task


def no_tools(_: Task) -> AbstractAsyncContextManager[Toolbox]:
    """For roles without any."""
    return nullcontext(Toolbox())


class Prompted:
    """Context, turns, answer. Raises ModelError, StoreError and ToolsUnavailable."""

    def __init__(
        self, prompt: Prompt, store: Store, calls: ModelCalls, max_tokens: int, tools: ToolsOf = no_tools
    ) -> None:
        self.prompt, self._tools = prompt.version, tools
        self._system, self._store, self._calls, self._max_tokens = prompt.text, store, calls, max_tokens

    async def work(self, task: Task, course: Course) -> Reply:
        """The model's whole answer to the task."""
        refs = context.references(task)
        payloads = await self._store.payloads(refs) if refs else {}
        item = task.item
        request = Request(
            model=task.model,
            system=self._system,
            messages=(Message(role="user", text=context.prompt(task, payloads)),),
            max_tokens=item.max_tokens or self._max_tokens,
            output=item.output,
            tag=f"{task.run}/{item.id}/{task.epoch}",
            path=task.path,
        )
        model = self._calls.model(task.model, course.deadline, course.spending)
        async with self._tools(task) as toolbox:
            return await Conversation(model, course, toolbox, payloads).hold(request)

"""The part of a role that is all in its prompt."""

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager, nullcontext

from actors import context
from actors.models.calls import ModelCalls
from actors.models.port import Message, Reply, Request
from actors.roles.conversation import WINDOW, Conversation, ToolsOf
from actors.roles.course import Course
from actors.roles.material import Material, Nothing
from actors.roles.prompt import Prompt
from actors.stores.protocol import Store
from actors.tools.toolbox import Toolbox
from actors.turn_events import ContextFilled
from actors.work import Task


def no_tools(_: Task) -> AbstractAsyncContextManager[Toolbox]:
    """For roles without any."""
    return nullcontext(Toolbox())


NOTHING = Nothing()
ANSWER = 4
"""The part of a context that is kept for an answer is a fourth of it at most: small models do not say more."""


class Prompted:
    """Context, turns, answer. Raises ModelError, StoreError and ToolsUnavailable."""

    def __init__(
        self,
        prompt: Prompt,
        store: Store,
        calls: ModelCalls,
        max_tokens: int,
        tools: ToolsOf = no_tools,
        material: Material = NOTHING,
        window: Callable[[str], int] = lambda _: WINDOW,
    ) -> None:
        """`window`: tokens that a model's context holds."""
        self._material, self._window = material, window
        self.prompt, self._tools = prompt.version, tools
        self._system, self._store, self._calls, self._max_tokens = prompt.text, store, calls, max_tokens

    async def work(self, task: Task, course: Course) -> Reply:
        """The model's whole answer to the task."""
        refs = context.references(task)
        payloads = await self._store.payloads(refs) if refs else {}
        item, text = task.item, await self._text(task, payloads, course)
        bare = context.prompt(task, payloads)
        request = Request(
            model=task.model,
            system=self._system,
            messages=(Message(role="user", text=text),),
            max_tokens=item.max_tokens or self._max_tokens,
            output=item.output,
            tag=f"{task.run}/{item.id}/{task.epoch}",
            path=task.path,
        )
        model = self._calls.model(task.model, course.deadline, course.spending)
        async with self._tools(task) as toolbox:
            talk = Conversation(model, course, toolbox, payloads, self._window(task.model))
            return await talk.hold(request, bare if bare != text else None)

    async def _text(self, task: Task, payloads: Mapping[str, str], course: Course) -> str:
        """The prompt; what goes into it beside the task is on disk before the model is asked."""
        offered = await self._material.offered(task)
        if not offered:
            return context.prompt(task, payloads)
        window = self._window(task.model)
        answer = min(task.item.max_tokens or self._max_tokens, window // ANSWER)
        budget = window - len(self._system) // 3 - answer
        filled = context.fill(context.critical(task, payloads), offered, budget)
        event = ContextFilled(
            run=task.run,
            item=task.item.id,
            epoch=task.epoch,
            agent=course.agent,
            budget=max(0, budget),
            parts=filled.parts,
        )
        await course.record(event, {})
        return filled.text

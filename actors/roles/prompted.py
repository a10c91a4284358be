"""The part of a role that is all in its prompt."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, nullcontext
from typing import Any

from actors.context import context
from actors.journal.turns import ContextFilled, MemoryRecalled
from actors.models.calls import ModelCalls
from actors.models.port import Message, Model, Reply, Request
from actors.roles.conversation import Conversation, ToolsOf
from actors.roles.conversation import Toolbox as Tools
from actors.roles.course import Course
from actors.roles.material import Material, Nothing
from actors.roles.prompt import Prompt
from actors.roles.whole import Whole
from actors.settings import ModelSettings
from actors.stores.protocol import Store
from actors.tools.toolbox import Toolbox
from actors.work import Task


def no_tools(_: Task) -> AbstractAsyncContextManager[Toolbox]:
    """For roles without any."""
    return nullcontext(Toolbox())


NOTHING = Nothing()
ANSWER = 4
"""The part of a context that is kept for an answer is a fourth of it at most: small models do not say more."""


class Asker:
    """Puts a question to a task's model and holds the conversation that follows from it."""

    def __init__(
        self,
        store: Store,
        calls: ModelCalls,
        settings: ModelSettings,
        tools: ToolsOf = no_tools,
    ) -> None:
        self._store, self._calls, self.settings, self._tools = store, calls, settings, tools

    async def payloads(self, task: Task) -> Mapping[str, str]:
        """The long texts that the task refers to. Raises StoreError."""
        refs = context.references(task)
        return await self.stored(refs) if refs else {}

    async def stored(self, refs: Collection[str]) -> Mapping[str, str]:
        """Texts by their hashes. Raises StoreError."""
        return await self._store.payloads(refs)

    async def ask(
        self,
        task: Task,
        course: Course,
        payloads: Mapping[str, str],
        text: str,
        *,
        system: str,
        output: Mapping[str, Any] | None = None,
        bare: str | None = None,
        shared: int = 0,
        whole: bool = False,
    ) -> Reply:
        """The model's answer. `bare`: what is asked if the text is too long; `shared`: see Request.

        `whole`: a text that was cut off is none. Raises ModelError, StoreError and ToolsUnavailable.
        """
        item = task.item
        request = Request(
            model=task.model,
            system=system,
            messages=(Message(role="user", text=text),),
            shared=shared,
            max_tokens=item.max_tokens or self.settings.max_tokens,
            output=output,
            tag=f"{task.run}/{item.id}/{task.epoch}",
            path=task.path,
        )
        model: Model = self._calls.model(task.model, course.deadline, course.spending)
        model = Whole(model) if whole else model
        async with self._opened(task, course) as toolbox:
            talk = Conversation(model, course, toolbox, payloads, self.settings.window(task.model))
            return await talk.hold(request, bare if bare != text else None)

    @asynccontextmanager
    async def _opened(self, task: Task, course: Course) -> AsyncIterator[Tools]:
        """The task's tools; a server of theirs that does not let go takes none of the item's time."""
        tools = AsyncExitStack()
        toolbox = await tools.enter_async_context(self._tools(task))
        try:
            yield toolbox
        finally:
            with course.deadline.paused():
                await tools.aclose()


class Prompted:
    """Context, turns, answer. Raises ModelError, StoreError and ToolsUnavailable."""

    def __init__(self, prompt: Prompt, asker: Asker, material: Material = NOTHING) -> None:
        self.prompt, self._system, self._asker, self._material = prompt.version, prompt.text, asker, material

    async def work(self, task: Task, course: Course) -> Reply:
        """The model's whole answer to the task."""
        payloads = await self._asker.payloads(task)
        pieces = context.critical(task, payloads)
        bare, alike = context.joined(pieces), context.joined(context.beginning(pieces))
        text = await self._text(task, pieces, course) or bare
        more: dict[str, Any] = {"output": task.item.output, "bare": bare, "shared": len(alike)}
        return await self._asker.ask(task, course, payloads, text, system=self._system, **more)

    async def _text(self, task: Task, pieces: Sequence[context.Piece], course: Course) -> str:
        """The prompt with what goes into it beside the task, which is on disk before the model is asked; "" if nothing
        does."""
        offered, recalled = await self._material.offered(task)
        if not offered:
            return ""
        settings = self._asker.settings
        window = settings.window(task.model)
        answer = min(task.item.max_tokens or settings.max_tokens, window // ANSWER)
        budget = window - len(self._system) // 3 - answer
        filled = context.fill(pieces, offered, budget)
        whose = {"run": task.run, "item": task.item.id, "epoch": task.epoch, "agent": course.agent}
        event = ContextFilled.model_validate({**whose, "budget": max(0, budget), "parts": filled.parts})
        found = MemoryRecalled.model_validate({**whose, "into": "prompt", "found": recalled})
        await course.record(*([found] if recalled else []), event)
        return filled.text

"""The turns of an attempt: ask, run the tools that the model calls, ask again. Every role works through this.

What is finished is on disk before the next thing begins, so no other attempt of the item pays for it again.
"""

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol

from actors.errors import AnswerCutOff, AnswerInvalid, AnswerRefused, ContextTooLong, ItemGrows
from actors.journal.turns import MemoryRecalled, ToolDone, TurnDone
from actors.models import blocks
from actors.models.port import Model, Reply, Request, StopReason
from actors.models.windows import LEAST
from actors.roles.condensing import FULL, condensing, is_full, tokens
from actors.roles.course import Course
from actors.roles.turns import Said, Turns
from actors.tools.subagent import handed_back
from actors.tools.tool import ToolResult, ToolSpec, Wanted
from actors.vocabulary.contents import stored
from actors.vocabulary.failures import ATTEMPTS
from actors.work import Content, Ran, Task

TURNS = 50
"""An item that goes on after so many is taken for one that never ends."""

PAUSES = 8
"""Times that a message may pause."""


class Toolbox(Protocol):
    """The tools of one attempt."""

    def specs(self) -> Sequence[ToolSpec]:
        """What the model is told of them."""
        ...

    async def call(self, name: str, arguments: Any, key: str) -> ToolResult:
        """Run a tool. `key` (run/item/turn/call) is the call's own, and the same when it is made again."""
        ...


ToolsOf = Callable[[Task], AbstractAsyncContextManager[Toolbox]]
"""The tools that a task is granted, for as long as the attempt takes."""


class Conversation:
    """One attempt's, with its model and tools; begins where earlier attempts of the item came to."""

    def __init__(
        self, model: Model, course: Course, toolbox: Toolbox, payloads: Mapping[str, str], window: int = LEAST
    ) -> None:
        """`payloads`: the texts that the task's turns refer to; `window`: tokens that the model's context holds."""
        self._window, self._condenses = window, True
        self._model, self._course, self._toolbox, self._payloads = model, course, toolbox, payloads

    async def hold(self, request: Request, bare: str | None = None) -> Reply:
        """The answer that ends it. Raises ModelError, and StoreError once somebody else closed the attempt.

        `bare`: the text of the request's message without what it could do without.
        """
        tools = tuple(
            blocks.Tool(name=spec.name, description=spec.description, input=spec.parameters)
            for spec in self._toolbox.specs()
        )
        turns = Turns(request.model_copy(update={"tools": tools}) if tools else request, bare)
        await self._catch_up(turns)
        while True:
            self._check_bounds(turns)
            if self._condenses and is_full(turns.request, self._window):
                await self._condense(turns)
            if (reply := await self._ask(turns)) is not None:
                if self._course.task.item.expand is None:
                    return reply
                said = Said(blocks=(blocks.Text(text=json.dumps(reply.parsed, ensure_ascii=False)),))
                await self._heard(turns, said, reply.model)
                raise _grows(said, turns.count)
            await self._run(turns, {})

    async def _catch_up(self, turns: Turns) -> None:
        if not self._course.task.turns:
            return
        said = Said()
        for turn in self._course.task.turns:
            said = Said.model_validate_json(self._text(turn.said))
            said = said.model_copy(update={"complaint": turn.complaint}) if turn.complaint else said
            turns.heard(said)
            await self._run(turns, turn.ran)
        goes_on = said.complaint or said.cut_off or said.checkpoint
        if self._course.task.item.expand and said.stop is StopReason.END and not goes_on:
            raise _grows(said, turns.count)  # it was said, and nothing came of it

    async def _ask(self, turns: Turns) -> Reply | None:
        """The last answer; None if the conversation goes on."""
        try:
            on_delta = self._course.watched.begin(asyncio.get_running_loop().time())
            reply = await self._model.complete(turns.request, on_delta)
        except AnswerInvalid as error:
            task = self._course.task
            if task.attempt - len(task.feedback) < ATTEMPTS:  # the next attempt asks again, with the mistakes
                await self._heard(turns, Said(blocks=error.blocks, complaint=str(error)), None)
            raise
        except AnswerCutOff as error:
            if not (error.raisable and turns.raises):
                raise
            await self._heard(turns, Said(cut_off=True), None)
            return None
        except ContextTooLong as error:
            if not turns.compact():
                raise _too_long(error, turns) from None
            return None
        if reply.stop not in (StopReason.TOOL_USE, StopReason.PAUSE):
            return reply.model_copy(update={"text": turns.text + reply.text}) if turns.text else reply
        await self._heard(turns, Said(blocks=reply.blocks, stop=reply.stop), reply.model)
        return None

    async def _condense(self, turns: Turns) -> None:
        """Go on from a checkpoint; as it is, if the model does not make one."""
        percent = round(100 * tokens(turns.request) / self._window)
        if reply := await self._condensed(condensing(turns.request, self._window)):
            said = Said(blocks=(blocks.Text(text=reply.text),), checkpoint=True)
            await self._heard(turns, said, reply.model, percent)
        else:
            self._condenses = False

    async def _condensed(self, request: Request) -> Reply | None:
        """None if the model does not do it, or not to the end: half a checkpoint would lose the other half."""
        try:
            reply = await self._model.complete(request)
        except (ContextTooLong, AnswerRefused, AnswerCutOff, AnswerInvalid):
            return None
        return reply if reply.text.strip() and reply.stop is StopReason.END else None

    async def _heard(self, turns: Turns, said: Said, model: str | None, percent: int | None = None) -> None:
        turns.heard(said)
        course, payloads = self._course, dict[str, str]()
        event = TurnDone(
            run=course.task.run,
            item=course.task.item.id,
            epoch=course.task.epoch,
            agent=course.agent,
            turn=course.task.before + turns.count,
            said=stored(json.dumps(said.model_dump(mode="json")), payloads),
            model=model or course.task.model,
            usage_percent=percent,
            **course.spending.told(since_turn=True),
        )
        await course.record(event, payloads=payloads)
        course.spending.turn_recorded()

    async def _run(self, turns: Turns, done: Mapping[int, Ran]) -> None:
        """Run what is pending, one after the other, but what has been run already."""
        if not turns.pending:
            return
        results, wants = [], []
        for number, call in enumerate(turns.pending, 1):
            if ran := done.get(number):
                text = self._text(ran.result)
                result = handed_back(ran, text) if ran.by else ToolResult(text, ran.is_error)
            else:
                result = await self._run_one(turns, number, call)
            if isinstance(result, Wanted):
                wants.append((self._course.task.before + turns.count, number, result.text))
            results.append(blocks.ToolResult(id=call.id, text=result.text, is_error=result.error))
        if wants:
            told = ItemGrows(f"{self._course.task.item.id} waits for {len(wants)} sub-agents")
            told.wants = tuple(wants)
            raise told
        turns.ran(results)

    async def _run_one(self, turns: Turns, number: int, call: blocks.ToolCall) -> ToolResult:
        turn = self._course.task.before + turns.count
        course, payloads, begin = self._course, dict[str, str](), self._course.deadline.work_s()
        run, item = course.task.run, course.task.item.id
        result = await self._toolbox.call(call.name, dict(call.input), f"{run}/{item}/{turn}/{number}")
        if isinstance(result, Wanted):
            full = tokens(turns.request) / self._window
            if full <= FULL:
                return result
            result = ToolResult(f"refused: this conversation is {full:.0%} full, do it yourself", error=True)
        result = result._replace(text=result.text.encode(errors="backslashreplace").decode())
        event = ToolDone(
            run=run,
            item=item,
            epoch=course.task.epoch,
            agent=course.agent,
            turn=turn,
            call=number,
            tool=call.name,
            result=stored(result.text, payloads),
            is_error=result.error,
            seconds=course.deadline.work_s() - begin,
        )
        await course.record(*self._recalled(result), event, payloads=payloads)
        return result

    def _recalled(self, result: ToolResult) -> list[MemoryRecalled]:
        if result.recalled is None:
            return []
        task = self._course.task
        whose = {"run": task.run, "item": task.item.id, "epoch": task.epoch, "agent": self._course.agent}
        return [MemoryRecalled.model_validate({**whose, "into": "tool", "found": result.recalled})]

    def _text(self, content: Content) -> str:
        return content.text or "" if content.ref is None else self._payloads[content.ref]

    def _check_bounds(self, turns: Turns) -> None:
        name = self._course.task.item.id
        if turns.count >= TURNS:
            raise AnswerCutOff(f"{name} did not come to its end within {TURNS} turns; make it smaller")
        if turns.pauses > PAUSES:
            raise AnswerCutOff(f"the answer to {name} paused {turns.pauses} times and did not come to its end")


def _grows(said: Said, turn: int) -> ItemGrows:
    told = ItemGrows("the answer is a list of items")
    told.wants = ((turn, 0, blocks.text_of(said.blocks)),)
    return told


def _too_long(error: ContextTooLong, turns: Turns) -> ContextTooLong:
    characters = sum(len(message.said) for message in turns.request.messages) + len(turns.request.system)
    about = f"about {round(tokens(turns.request))} tokens"
    told = ContextTooLong(
        f"{error} ({characters} characters, {about}, after {turns.count} turns; nothing is left to shorten)"
    )
    told.__dict__.update(error.__dict__)
    return told

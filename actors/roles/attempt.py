"""One attempt: a task in, an outcome out. Nothing that an item raises gets past this boundary."""

import asyncio
import json
from typing import Any, Protocol

from actors.errors import (
    AttemptClosed,
    BudgetExhausted,
    HomeUnusable,
    ItemGrows,
    ModelError,
    NeedsPerson,
    PayloadMissing,
    StoreError,
    ToolsUnavailable,
)
from actors.memory.memory import result_id
from actors.models.port import Reply, StopReason
from actors.roles.consolidating import Digest
from actors.roles.course import Course
from actors.roles.prompt import VERSION_FOR
from actors.secrecy.redaction import redact
from actors.vocabulary.contents import stored
from actors.vocabulary.review import Consolidated, Judgement, Questions, Requirements, Verdict
from actors.work import Failure, FailureKind, Grows, Lost, Outcome, Reservation, Result, Task, Want

NOTHING = Reservation(usd=0.0, tokens=0)


Work = Reply | Judgement | tuple[str, ...] | Digest
"""What an attempt can come to, by its purpose."""


class Worker(Protocol):
    """A role's part."""

    prompt: str
    """Version of the prompt that it works with."""

    async def work(self, task: Task, course: Course) -> Work:
        """The answer to a task, the verdict on it, its requirements, or one text of its reviews. Raises ModelError."""
        ...


async def attempt(worker: Worker, course: Course, payloads: dict[str, str]) -> Outcome:
    """What became of the course's task; long data goes into `payloads` by its hash. Raises CancelledError alone."""
    begin = _now()
    try:
        async with course.deadline:
            made = await worker.work(course.task, course)
        return _made(worker, course, made, begin, payloads)
    except ItemGrows as error:
        return _grows(error, course, begin, payloads)
    except BaseException as error:  # a SystemExit in a task leaves a Ray actor alive and mute
        slot = asyncio.current_task()
        if isinstance(error, asyncio.CancelledError) and slot and slot.cancelling():
            raise
        if isinstance(error, NeedsPerson):
            asked = {"questions": error.questions, "turn": error.turn, "call": error.call}
            return Questions.model_validate({**asked, **_known(course, begin, worker.prompt)})
        return _ended(error, course, begin)


def _made(worker: Worker, course: Course, made: Work, begin: float, payloads: dict[str, str]) -> Outcome:
    if isinstance(made, Reply):
        return _result(worker, course, made, begin, payloads)
    known = _known(course, begin, VERSION_FOR[course.task.purpose])
    if isinstance(made, Judgement):
        return Verdict(judgement=made, **known)
    if isinstance(made, Digest):
        return Consolidated(text=stored(made.text, payloads), reviews=len(course.task.feedback), **known)
    return Requirements(requirements=made, **known)


def _known(course: Course, begin: float, prompt: str) -> dict[str, Any]:
    spent = course.spending.told()
    model = course.task.model if spent["effort"].calls else None
    return {"model": model, "seconds": _now() - begin, "prompt": prompt, **spent}


def _now() -> float:
    return asyncio.get_running_loop().time()  # a test that moves the loop's clock moves this one too


def _grows(error: ItemGrows, course: Course, begin: float, payloads: dict[str, str]) -> Grows:
    wants = (Want(turn=turn, call=call, text=stored(text, payloads)) for turn, call, text in error.wants)
    return Grows(wants=tuple(wants), model=course.task.model, seconds=_now() - begin, **course.spending.told())


def _ended(error: BaseException, course: Course, begin: float) -> Outcome:
    match error:
        case ModelError():
            needs = error.needs if isinstance(error, BudgetExhausted) else None
            return _failure(course, error.kind, str(error), begin, needs)
        case PayloadMissing() | ToolsUnavailable() | HomeUnusable():  # no other attempt would find it
            return _failure(course, FailureKind.BAD_REQUEST, str(error), begin)
        case AttemptClosed():
            return Lost(message=str(error))
        case StoreError():
            return Lost(message=f"the store could not be read: {error}")
        case TimeoutError() if course.deadline.expired:
            told = f"the item did not end within its timeout of {course.task.item.timeout:g} s"
            return _failure(course, FailureKind.TIMEOUT, told, begin)
        case _:
            return _failure(course, FailureKind.AGENT_FAULT, f"{type(error).__name__}: {error}", begin)


def used_up(course: Course) -> Reservation:
    """What an attempt that is given up has used so far, at most."""
    spent = course.spending.sum
    return Reservation(usd=spent.cost_usd, tokens=spent.usage.total + spent.estimated_tokens)


def _failure(
    course: Course, reason: FailureKind, message: str, begin: float, needs: Reservation | None = None
) -> Failure:
    return Failure(
        reason=reason,
        message=redact(message.encode(errors="backslashreplace").decode()),
        model=course.task.model,
        seconds=_now() - begin,
        needs=needs,
        **course.spending.told(),
    )


def _result(worker: Worker, course: Course, reply: Reply, begin: float, payloads: dict[str, str]) -> Result:
    is_json = course.task.item.output is not None
    text = json.dumps(reply.parsed, ensure_ascii=False) if is_json else reply.text
    return Result(
        data=stored(text, payloads),
        json_data=is_json,
        memory_ids=(result_id(course.task.run, course.task.item.id),),
        truncated=reply.stop is StopReason.MAX_TOKENS,
        model=redact(reply.model),  # a server's word
        seconds=_now() - begin,
        prompt=worker.prompt,
        **course.spending.told(),
    )

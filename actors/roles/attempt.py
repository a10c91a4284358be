"""One attempt: a task in, an outcome out. Nothing that an item raises gets past this boundary."""

import asyncio
import hashlib
import json
from typing import Protocol

from actors.errors import ModelError, PayloadMissing, StoreError
from actors.models.port import Reply, StopReason
from actors.models.pricing import cost_usd, is_free
from actors.work import INLINE_LIMIT, Content, Failure, FailureKind, Lost, Outcome, Result, Task, Usage


class Worker(Protocol):
    """A role's part."""

    prompt: str
    """Version of the prompt it works with."""

    async def work(self, task: Task) -> Reply:
        """The answer to a task. Raises ModelError."""
        ...


async def attempt(worker: Worker, task: Task, payloads: dict[str, str]) -> Outcome:
    """What became of the task; long data goes into `payloads` by its hash. Raises CancelledError alone."""
    begin = _now()
    limit = asyncio.timeout(task.item.timeout)
    try:
        async with limit:
            reply = await worker.work(task)
        return _result(worker, task, reply, begin, payloads)
    except BaseException as error:  # a SystemExit in a task leaves a Ray actor alive and mute
        slot = asyncio.current_task()
        if isinstance(error, asyncio.CancelledError) and slot and slot.cancelling():
            raise
        return _ended(error, task, begin, late=limit.expired())


def _now() -> float:
    return asyncio.get_running_loop().time()  # a test that moves the loop's clock moves this one too


def _ended(error: BaseException, task: Task, begin: float, *, late: bool) -> Outcome:
    match error:
        case ModelError():
            return _failure(task, error.kind, str(error), begin, error.usage)
        case PayloadMissing():  # no other attempt would find it
            return _failure(task, FailureKind.BAD_REQUEST, str(error), begin)
        case StoreError():
            return Lost(message=f"the store could not be read: {error}")
        case TimeoutError() if late:
            told = f"the item did not end within its timeout of {task.item.timeout:g} s"
            return _failure(task, FailureKind.TIMEOUT, told, begin)
        case _:
            return _failure(task, FailureKind.AGENT_FAULT, f"{type(error).__name__}: {error}", begin)


def _failure(task: Task, reason: FailureKind, message: str, begin: float, usage: Usage | None = None) -> Failure:
    return Failure(
        reason=reason,
        message=message.encode(errors="backslashreplace").decode(),
        model=task.model,
        usage=usage or Usage(),
        cost_usd=cost_usd(task.model, usage or Usage()) if usage or is_free(task.model) else None,
        seconds=_now() - begin,
    )


def _result(worker: Worker, task: Task, reply: Reply, begin: float, payloads: dict[str, str]) -> Result:
    is_json = task.item.output is not None
    text = json.dumps(reply.parsed, ensure_ascii=False) if is_json else reply.text
    return Result(
        data=_content(text, payloads),
        json_data=is_json,
        truncated=reply.stop is StopReason.MAX_TOKENS,
        model=reply.model,
        usage=reply.usage,
        cost_usd=cost_usd(reply.model, reply.usage),
        seconds=_now() - begin,
        prompt=worker.prompt,
    )


def _content(text: str, payloads: dict[str, str]) -> Content:
    data = text.encode()
    if len(data) <= INLINE_LIMIT:
        return Content(text=text)
    ref = hashlib.sha256(data).hexdigest()
    payloads[ref] = text
    return Content(ref=ref)

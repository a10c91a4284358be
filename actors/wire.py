"""How values cross from process to process: JSON made and checked by pydantic, never pickled classes of ours."""

from pydantic import TypeAdapter

from actors import errors
from actors.errors import MnemosyneError, ModelError
from actors.models.blocks import Block
from actors.models.limits import RateLimits
from actors.models.port import Reply, Request
from actors.work import Frozen, Task, Usage

TASKS: TypeAdapter[list[Task]] = TypeAdapter(list[Task])


def request_json(request: Request) -> bytes:
    """A request on its way to a model's process."""
    return request.model_dump_json().encode()


def reply_json(reply: Reply | MnemosyneError) -> tuple[str, bytes]:
    """What a model's process sends back: ("reply", JSON), or an error's class and what it says."""
    if isinstance(reply, Reply):
        return "reply", reply.model_dump_json().encode()
    told = reply.__dict__ if isinstance(reply, ModelError) else {}
    return type(reply).__name__, _Told(message=str(reply), **told).model_dump_json(exclude_unset=True).encode()


def reply_from(kind: str, body: bytes) -> Reply:
    """The reply. Raises the error that was sent instead."""
    if kind == "reply":
        return Reply.model_validate_json(body)
    made: type[MnemosyneError] = getattr(errors, kind)
    told = _Told.model_validate_json(body)
    error = made(told.message)
    if isinstance(error, ModelError):
        error.__dict__.update({name: getattr(told, name) for name in told.model_fields_set - {"message"}})
    raise error


class _Told(Frozen):
    """What an error says, beside its class."""

    message: str
    usage: Usage = Usage()
    lost: bool = False
    retry_after_s: float | None = None
    limits: RateLimits | None = None
    blocks: tuple[Block, ...] = ()
    raisable: bool = True

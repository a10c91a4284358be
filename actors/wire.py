"""How values cross from process to process: JSON made and checked by pydantic, never pickled classes of ours."""

from pydantic import TypeAdapter

from actors import errors
from actors.errors import MnemosyneError, ModelError
from actors.models.port import Reply, Request
from actors.work import Task

TASKS: TypeAdapter[list[Task]] = TypeAdapter(list[Task])


def request_json(request: Request) -> bytes:
    """A request on its way to a model's process."""
    return request.model_dump_json().encode()


def reply_json(reply: Reply | ModelError) -> tuple[str, bytes]:
    """What a model's process sends back: ("reply", JSON), or an error's class and message."""
    if isinstance(reply, ModelError):
        return type(reply).__name__, str(reply).encode()
    return "reply", reply.model_dump_json().encode()


def reply_from(kind: str, body: bytes) -> Reply:
    """The reply. Raises the error that was sent instead."""
    if kind == "reply":
        return Reply.model_validate_json(body)
    error: type[MnemosyneError] = getattr(errors, kind)
    raise error(body.decode())

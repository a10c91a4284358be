"""Calls to a ClaudeModel that are expected to fail, and the search for the key in what they leave behind."""

import pickle
import traceback
from collections.abc import Iterator
from typing import Any

import pytest

from actors.errors import ModelError
from actors.models.claude import ClaudeModel
from actors.models.port import Message, Request


def ask(text: str = "Say hello.", **fields: Any) -> Request:
    """A question."""
    return Request(model="claude-sonnet-5-5", messages=(Message(role="user", text=text),), **fields)


async def failure(model: ClaudeModel, request: Request | None = None, *, watched: bool = False) -> ModelError:
    """The error of a call, which holds neither the key nor an exception of a library."""
    with pytest.raises(ModelError) as caught:
        await model.complete(request or ask(), (lambda _: None) if watched else None)
    assert_keeps_the_key(caught.value)
    return caught.value


def assert_keeps_the_key(error: ModelError) -> None:
    """Nothing that the error remembers or that another process could get of it tells the key."""
    for one in _remembered(error):
        assert not type(one).__module__.startswith(("anthropic", "httpx", "aiohttp")), one
        assert "CANARY" not in "".join(traceback.format_exception(one)) + repr(one) + repr(vars(one))
    pickled = pickle.dumps(error)
    assert b"CANARY" not in pickled
    assert type(pickle.loads(pickled)) is type(error)


def _remembered(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__

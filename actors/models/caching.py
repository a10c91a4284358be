"""Which parts of a prompt are worth keeping at the API: those that the next call will have too.

A write costs a quarter more than the tokens themselves, a read a tenth and less, so nothing is marked that only one
call has. Lengths are estimated: a mark on what is too short is ignored by the API and costs nothing.
"""

import hashlib
import json

from actors.models.port import Request

CHARACTERS_PER_TOKEN = 4.0

FLOORS = (
    (("claude-haiku-4-5", "claude-opus-4-5", "claude-opus-4-6"), 4096),
    (("claude-opus-5", "claude-fable-5"), 512),
)
"""Tokens below which these models cache nothing (documented in autumn 2026; none is told for 5.5 of other lines)."""

FLOOR = 1024
"""Of every other model."""


def floor(model: str) -> int:
    """The shortest prefix that the model caches, in tokens."""
    return next((tokens for names, tokens in FLOORS if model.startswith(names)), FLOOR)


def is_long_enough(model: str, characters: int) -> bool:
    """Whether the model keeps a prefix of this length."""
    return characters / CHARACTERS_PER_TOKEN >= floor(model)


def marks_beginning(request: Request) -> bool:
    """Whether tools and system prompt, which all items of a role share, are long enough to be kept."""
    return is_long_enough(request.model, _beginning(request))


def marks_shared(request: Request) -> bool:
    """Whether what other items are given too is long enough, with what stands before it."""
    return request.shared > 0 and is_long_enough(request.model, _beginning(request) + request.shared)


def prefix(request: Request) -> str:
    """A name of what this request shares with others and the API is to keep; "" if there is no such thing."""
    if marks_shared(request):
        said = request.messages[0].text[: request.shared]
    elif marks_beginning(request):
        said = ""
    else:
        return ""
    tools = json.dumps([[tool.name, tool.description, dict(tool.input)] for tool in request.tools])
    parts = "\0".join((tools, request.system, said))
    return hashlib.sha256(parts.encode(errors="backslashreplace")).hexdigest()[:16]


def marks_end(request: Request) -> bool:
    """Whether the whole prompt is kept: a conversation with tools goes on, and its next turn begins with this one."""
    if not request.tools:
        return False
    return is_long_enough(request.model, _beginning(request) + sum(len(message.said) for message in request.messages))


def _beginning(request: Request) -> int:
    tools = sum(len(tool.name) + len(tool.description) + len(json.dumps(dict(tool.input))) for tool in request.tools)
    return len(request.system) + tools

"""A conversation that fills its context is condensed: the request that asks for it, and when. Pure."""

import json

from actors.context.marked import marked
from actors.models.blocks import Block, ToolCall, text_of
from actors.models.estimate import CHARACTERS_PER_TOKEN, characters
from actors.models.port import Message, Request
from actors.roles.prompt import PROMPTS
from actors.work import Role

FULL = 0.75
"""Of the context: from here on there is little room for the next answer, what tools say, a sub-agent's result."""

WORTH = 0.25
"""Of the context has to be what was said and run so far, else condensing it makes no room."""

LENGTH = 8_000
"""Tokens that a checkpoint may have if its item's answers may not have more, thoughts included."""

ROOM = 0.125
"""Of the context at most: it is asked for where three quarters are in use."""

WHAT_FOR = """Condense what was said and done above, for the agent that goes on with this task and sees nothing else:

{task}"""
TASK = 2_000
"""Characters of the end of the task's own message, where its description is."""


def tokens(request: Request) -> float:
    """Of everything that is sent, by estimate."""
    return characters(request) / CHARACTERS_PER_TOKEN


def is_full(request: Request, window: int) -> bool:
    """Whether the conversation should be condensed before it is asked on, in a context of so many tokens."""
    if len(request.messages) < 2 or tokens(request) < FULL * window:
        return False
    return len(_transcript(request)) / CHARACTERS_PER_TOKEN >= WORTH * window


def condensing(request: Request, window: int) -> Request:
    """Asks for the conversation's content without its first message, by the optimizers' prompt."""
    task = request.messages[0].said[-TASK:]
    text = f"{marked('data', _transcript(request))}\n\n{WHAT_FOR.format(task=task)}"
    message = Message(role="user", text=text)
    more = {"system": PROMPTS[Role.OPTIMIZER].text, "messages": (message,), "tools": (), "output": None}
    length = min(max(request.max_tokens, LENGTH), int(ROOM * window))
    return request.model_copy(update={**more, "max_tokens": length})


def _transcript(request: Request) -> str:
    return "\n\n".join(f"[{message.role}]\n{_told(message)}" for message in request.messages[1:])


def _told(message: Message) -> str:
    return "\n".join(filter(None, [message.text, *map(_block, message.blocks)]))


def _block(block: Block) -> str:
    if isinstance(block, ToolCall):
        return f"calls {block.name} {json.dumps(dict(block.input), ensure_ascii=False, default=dict)}"
    return text_of((block,))

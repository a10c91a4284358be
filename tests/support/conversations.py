"""Models and tools that do as they are told turn by turn, and die at named points."""

from collections.abc import Callable, Sequence
from typing import Any

from actors.errors import ModelError
from actors.models.blocks import Block, Opaque, Text, ToolCall
from actors.models.port import OnDelta, Reply, Request, StopReason
from actors.tools.tool import ToolResult, ToolSpec
from actors.work import Usage

THOUGHT = Opaque(body={"type": "thinking", "thinking": "hm", "signature": "s"})
USED = Usage(input_tokens=100, output_tokens=10)


def says(text: str, stop: StopReason = StopReason.END) -> Reply:
    """An answer, whole or paused."""
    return Reply(text=text, blocks=(Text(text=text),), stop=stop, model="claude-haiku-5-5", usage=USED)


def calls(*inputs: Any, name: str = "note") -> Reply:
    """An answer that calls a tool once for each input."""
    wishes: list[Block] = [ToolCall(id=f"t{n}", name=name, input={"text": value}) for n, value in enumerate(inputs)]
    return Reply(text="", blocks=(THOUGHT, *wishes), stop=StopReason.TOOL_USE, model="claude-haiku-5-5", usage=USED)


Answer = Reply | ModelError | Callable[[Request], Reply]


class Playing:
    """Answers by the number of turns that the request holds, so that a turn asked again is answered the same."""

    def __init__(self, *answers: Answer) -> None:
        self.answers, self.requests = answers, list[Request]()

    async def complete(self, request: Request, on_delta: OnDelta | None = None) -> Reply:
        """See Model."""
        self.requests.append(request)
        turn = sum(message.role == "assistant" for message in request.messages)
        answer = self.answers[min(turn, len(self.answers) - 1)]
        if isinstance(answer, ModelError):
            raise answer
        return answer if isinstance(answer, Reply) else answer(request)

    async def close(self) -> None:
        """Nothing is open."""


class InOrder(Playing):
    """Answers one after the other."""

    async def complete(self, request: Request, on_delta: OnDelta | None = None) -> Reply:
        """See Model."""
        self.requests.append(request)
        answer = self.answers[len(self.requests) - 1]
        if isinstance(answer, ModelError):
            raise answer
        return answer if isinstance(answer, Reply) else answer(request)


class Notebook:
    """A toolbox with one tool, that notes what it is told; `before` and `after` see each key."""

    def __init__(self, before: Callable[[str], None] = lambda _: None) -> None:
        self.before, self.notes = before, list[tuple[str, Any]]()

    def specs(self) -> Sequence[ToolSpec]:
        """See Toolbox."""
        return (ToolSpec("note", "Notes something.", {"type": "object"}),)

    async def call(self, name: str, arguments: Any, key: str) -> ToolResult:
        """See Toolbox."""
        self.before(key)
        self.notes.append((key, arguments["text"]))
        return ToolResult(f"noted {arguments['text']}", arguments["text"] == "bad")

"""A conversation as a value that grows turn by turn. No model, no tools, no clock: replayed, it is the same again."""

from collections.abc import Sequence

from actors.context.marked import marked
from actors.models.blocks import Block, Text, ToolCall, ToolResult, text_of
from actors.models.port import Message, Request, StopReason
from actors.work import Frozen

RAISED = 4
RAISED_MOST = 64_000
"""A limit of tokens that cut an answer off is raised once, so many times, up to so much (the least that a model of
today can write)."""

KEPT = 2_000
"""Characters of a tool's result that are left when the context is too long."""

GO_ON = "That is what was said and done so far, condensed. Go on from there."
AGAIN = "This answer cannot be used: {complaint}\n\nAnswer again, in full."


class Said(Frozen):
    """What the journal keeps of a turn: an answer after which the conversation goes on."""

    blocks: tuple[Block, ...] = ()
    stop: StopReason = StopReason.END
    complaint: str = ""
    """Why the answer could not be used."""
    cut_off: bool = False
    """It reached its limit of tokens and was dropped."""
    checkpoint: bool = False
    """It stands for everything that was said and run before it."""


class Turns:
    """The request of the next turn, as it follows from what was said and run so far."""

    def __init__(self, request: Request, bare: str | None = None) -> None:
        """`bare`: the text of the first message without what it could do without; None if there is no such thing."""
        self._bare = bare
        self._first, self._messages = request, list(request.messages)
        self._max_tokens, self._compacted = request.max_tokens, False
        self.count, self.pauses = 0, 0
        self.pending: tuple[ToolCall, ...] = ()
        """Calls of tools that the conversation waits for."""
        self.text = ""
        """What a turn that was paused has said already."""

    @property
    def request(self) -> Request:
        """What is asked next."""
        if not (self.count or self._compacted):
            return self._first
        return self._first.model_copy(update={"messages": tuple(self._messages), "max_tokens": self._max_tokens})

    @property
    def raises(self) -> bool:
        """Whether the limit of tokens was not raised yet, and can be."""
        return self._max_tokens == self._first.max_tokens < RAISED_MOST

    def heard(self, said: Said) -> None:
        """The model answered, and the conversation goes on."""
        self.count += 1
        if said.checkpoint:
            self._go_on_from(text_of(said.blocks))
        elif said.cut_off:
            self._max_tokens = min(self._first.max_tokens * RAISED, RAISED_MOST)
        elif said.complaint:
            if any(isinstance(block, Text) and block.text.strip() for block in said.blocks):
                self._say("assistant", said.blocks)
            self._say("user", (Text(text=AGAIN.format(complaint=said.complaint)),))
        else:
            self._say("assistant", said.blocks)
            self.pending = tuple(block for block in said.blocks if isinstance(block, ToolCall))
            self.pauses += said.stop is StopReason.PAUSE
            self.text = self.text + text_of(said.blocks) if said.stop is StopReason.PAUSE else ""

    def ran(self, results: Sequence[ToolResult]) -> None:
        """All that was pending has ended."""
        self.pending = ()
        self._say("user", tuple(results))

    def compact(self) -> bool:
        """Shorten what tools said, and the prompt to the task alone; false if nothing is left to shorten, or it was
        done before."""
        if self._compacted:
            return False
        before, self._compacted = self._messages, True
        first = before[0] if self._bare is None else before[0].model_copy(update={"text": self._bare})
        self._messages = [first, *map(_shortened, before[1:])]
        return self._messages != before

    def _go_on_from(self, checkpoint: str) -> None:
        first = self._first.messages[0]
        text = f"{first.text}\n\n{marked('data', checkpoint)}\n\n{GO_ON}"
        self._messages = [first.model_copy(update={"text": text})]
        self._bare = None

    def _say(self, role: str, blocks: tuple[Block, ...]) -> None:
        self._messages.append(Message.model_validate({"role": role, "blocks": blocks}))


def _shortened(message: Message) -> Message:
    blocks = tuple(_short(block) if isinstance(block, ToolResult) else block for block in message.blocks)
    return message.model_copy(update={"blocks": blocks})


def _short(result: ToolResult) -> ToolResult:
    left = len(result.text) - KEPT
    if left <= 0:
        return result
    note = f"[{left} characters are left out to fit the context]"
    text = f"{result.text[: KEPT // 2]}\n{note}\n{result.text[-KEPT // 2 :]}"
    return result.model_copy(update={"text": text})

"""What goes into a prompt: the task itself, then what there is room for. Pure: texts in, text out."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from math import ceil, floor
from typing import Final, NamedTuple

from actors.context.marked import marked
from actors.models.estimate import CHARACTERS_PER_TOKEN
from actors.roles import told
from actors.vocabulary.frozen import Frozen
from actors.work import Content, Task


class Share(StrEnum):
    """A part of the room that a prompt has."""

    CRITICAL = "critical"
    """The task: its description, its inputs, the results of its dependencies. Never cut."""
    SKILLS = "skills"
    PROJECT = "project"
    """Memories of the project."""
    GENERAL = "general"
    """Memories for everybody."""


SHARES: Final[Mapping[Share, float]] = {
    Share.CRITICAL: 0.4,
    Share.SKILLS: 0.3,
    Share.PROJECT: 0.2,
    Share.GENERAL: 0.1,
}


class Piece(NamedTuple):
    """A text that may go into a prompt, as it would stand there."""

    share: Share
    kind: str
    """description, input, result, requirements, answers, feedback, consolidated, skill or memory."""
    name: str
    text: str
    shared: bool = False
    """Other items are given it too."""

    @property
    def tokens(self) -> int:
        """An estimate."""
        return ceil(len(self.text) / CHARACTERS_PER_TOKEN)


class Part(Frozen):
    """What the journal keeps of a piece."""

    share: Share
    kind: str
    name: str
    tokens: int
    left_out: bool = False
    """There was no room for it."""


class Filled(NamedTuple):
    """A prompt, and what is in it."""

    text: str
    parts: tuple[Part, ...]


def references(task: Task) -> set[str]:
    """Hashes of the payloads that the task's prompt needs."""
    contents: list[Content] = [*task.item.inputs.values(), *task.results.values(), *told.contents(task)]
    return {content.ref for content in contents if content.ref is not None}


def critical(task: Task, payloads: Mapping[str, str]) -> list[Piece]:
    """What the item is given, its description, then what its requirements, a person and a review say."""
    more = [Piece(Share.CRITICAL, *part) for part in told.work_parts(task, payloads)]
    return [*given(task, payloads), Piece(Share.CRITICAL, "description", task.item.id, task.item.description), *more]


def given(task: Task, payloads: Mapping[str, str]) -> list[Piece]:
    """The item's inputs, then the results of its dependencies, each labelled by its name.

    What other items are given too stands before all else, so that their prompts begin alike.
    """
    item, shared = task.item, task.shared
    known = [id_ for id_ in item.dependencies if id_ in task.results]
    pieces = [
        *(_piece("input", name, content, payloads, name in shared.inputs) for name, content in item.inputs.items()),
        *(_piece("result", id_, task.results[id_], payloads, shared.results) for id_ in known),
    ]
    return sorted(pieces, key=lambda piece: not piece.shared)


def _piece(kind: str, name: str, content: Content, payloads: Mapping[str, str], shared: bool) -> Piece:
    text = content.text if content.ref is None else payloads[content.ref]
    return Piece(Share.CRITICAL, kind, name, marked(kind, text or "", name=name), shared)


def fill(task_pieces: Sequence[Piece], offered: Sequence[Piece], budget: int) -> Filled:
    """A prompt of about `budget` tokens: what is offered, the best first, each share to its part of it, then the task.

    A piece goes in whole or not at all. What the task takes beyond its share the others lack, each in proportion;
    what a share does not use stays free.
    """
    task = sum(piece.tokens for piece in task_pieces)
    rest = max(0.0, min(1.0, (budget - task) / (budget * (1 - SHARES[Share.CRITICAL])))) if budget > 0 else 0.0
    room = {share: floor(part * budget * rest) for share, part in SHARES.items()}
    taken: list[Piece] = []
    parts: list[Part] = []
    for piece in offered:
        fits = piece.tokens <= room[piece.share]
        if fits:
            room[piece.share] -= piece.tokens
            taken.append(piece)
        parts.append(part_of(piece, left_out=not fits))
    text = joined([*beginning(task_pieces), *taken, *(piece for piece in task_pieces if not piece.shared)])
    return Filled(text, (*map(part_of, task_pieces), *parts))


def part_of(piece: Piece, *, left_out: bool = False) -> Part:
    """What the journal keeps of it."""
    return Part(share=piece.share, kind=piece.kind, name=piece.name, tokens=piece.tokens, left_out=left_out)


def beginning(pieces: Sequence[Piece]) -> list[Piece]:
    """What prompts of other items begin with too."""
    return [piece for piece in pieces if piece.shared]


def joined(pieces: Sequence[Piece]) -> str:
    """The pieces as a prompt's text."""
    return "\n\n".join(piece.text for piece in pieces)

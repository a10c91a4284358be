"""What an item may be given beside its task: skills that fit it, and what people and items remembered for it."""

import asyncio
from collections.abc import Callable
from typing import NamedTuple, Protocol

from actors.context.context import Piece, Share
from actors.context.marked import marked
from actors.context.shelf import Shelf
from actors.context.skills import Skill, chosen, keywords
from actors.journal.turns import Hit
from actors.memory.memory import GLOBAL, project
from actors.memory.query import any_of
from actors.memory.recall import Question, Recalled
from actors.stores.protocol import Store
from actors.work import Task

FRESH_S = 5.0
"""So long it is taken for known that nobody remembered anything: items that need nothing then cost nothing."""

MEMORIES = 8
"""Of each share that are offered."""
SHOWN = 4_000
"""Characters of one memory."""


class Offered(NamedTuple):
    """What there may be room for."""

    pieces: list[Piece]
    """The best first, within each share."""
    recalled: tuple[Hit, ...] = ()
    """The memories among them."""


class Material(Protocol):
    """Offers pieces for prompts."""

    async def offered(self, task: Task) -> Offered:
        """What fits the task."""
        ...


class Nothing:
    """For roles that work with what they are given."""

    async def offered(self, _: Task) -> Offered:
        """Nothing."""
        return Offered([])


class Library:
    """Skills from their folders, and memories from the store."""

    def __init__(self, store: Store, shelf: Shelf, clock: Callable[[], float] | None = None) -> None:
        self._store, self._shelf = store, shelf
        self._clock = clock or asyncio.get_running_loop().time
        self._plans: dict[str, str] = {}
        self._empty_at = -FRESH_S

    async def offered(self, task: Task) -> Offered:
        """See Material."""
        shelf = self._shelf.skills
        skills = chosen(task.item.description, shelf) if shelf else []
        memories = await self._memories(task)
        pieces = [*(_of_skill(match.skill) for match in skills), *(_of_memory(one, share) for share, one in memories)]
        return Offered(pieces, tuple(one.hit for _, one in memories))

    async def _memories(self, task: Task) -> list[tuple[Share, Recalled]]:
        if self._clock() - self._empty_at < FRESH_S:
            return []
        if not await self._store.recall(Question(limit=1, results=False)):
            self._empty_at = self._clock()
            return []
        query = any_of(sorted(keywords(task.item.description)))
        if not query:
            return []
        if task.run not in self._plans:
            self._plans[task.run] = (await self._store.run(task.run)).name
        spaces = {Share.PROJECT: project(self._plans[task.run]), Share.GENERAL: GLOBAL}
        found: list[tuple[Share, Recalled]] = []
        for share, space in spaces.items():
            question = Question(query, namespace=space, limit=MEMORIES, results=False)
            found += [(share, one) for one in await self._store.recall(question)]
        return found


def _of_skill(skill: Skill) -> Piece:
    return Piece(Share.SKILLS, "skill", skill.name, marked("skill", skill.text, name=skill.name))


def _of_memory(one: Recalled, share: Share) -> Piece:
    memory = one.memory
    text = (memory.content.text or "")[:SHOWN]  # what was remembered is never a reference
    return Piece(share, "memory", memory.id, marked("memory", text, id=memory.id))

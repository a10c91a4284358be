"""What a person asks of the memories, with or without a living fleet."""

import time
import uuid
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from pydantic import ValidationError

from actors.errors import NotFound, StoreError, StoreLocked, UserError
from actors.journal.memories import MemoryForgotten, MemoryStored
from actors.memory.memory import TEXT_MAX, Memory, MemoryType, call_id
from actors.memory.recall import Question, Recalled
from actors.stores.kinds import open_writer
from actors.stores.reader import Reader
from actors.work import Content
from cluster.home.requests import ask

INDEXED_WITHIN_S = 5.0
"""A living store indexes what is new as soon as its commits pause, or after some seconds."""

POLL_S = 0.05


class Found(NamedTuple):
    """A memory with its text at hand."""

    memory: Memory
    score: float
    text: str


def catch_up(store: Path, reader: Reader) -> bool:
    """Whether everything that is in the journal now can be found; waits for a living store to index it."""
    newest = reader.newest_memory()
    deadline = time.monotonic() + INDEXED_WITHIN_S
    while not reader.is_indexed(newest):
        with suppress(StoreLocked):
            return _index(store)
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_S)
    return True


def _index(store: Path) -> bool:
    """Nobody writes it, so it is done here. A disk that takes nothing keeps it. Raises StoreLocked."""
    try:
        writer = open_writer(store)
    except StoreLocked:
        raise
    except StoreError:
        return False
    try:
        while writer.index():
            pass
    finally:
        writer.close()
    return True


def recall(reader: Reader, question: Question) -> list[Found]:
    """The best answers, the best first."""
    found = reader.recall(question, time.time())
    return [Found(memory, score, text) for (memory, score), text in zip(found, _texts(reader, found), strict=True)]


def _texts(reader: Reader, found: list[Recalled]) -> list[str]:
    refs = {one.memory.content.ref for one in found if one.memory.content.ref}
    texts = reader.payloads(refs)
    return [texts[ref] if (ref := one.memory.content.ref) else one.memory.content.text or "" for one in found]


def remember(
    store: Path, text: str, namespace: str, kind: MemoryType, importance: int, tags: list[str], links: list[str]
) -> tuple[str, bool]:
    """The id of the new memory, and whether it is in the journal already; see `ask`. Raises UserError."""
    text = text.encode(errors="backslashreplace").decode()  # half a character cannot be stored
    if not text.strip():
        raise UserError("there is nothing to remember: the text is empty")
    if len(text) > TEXT_MAX:
        raise UserError(f"the text has {len(text)} characters, {TEXT_MAX} can be remembered at once; split it")
    try:
        id_ = call_id(uuid.uuid4().hex)
        memory = Memory(
            id=id_,
            namespace=namespace,
            kind=kind,
            importance=importance,
            tags=tuple(tags),
            links=tuple(links),
            content=Content(text=text),
        )
    except ValidationError as error:
        raise UserError(_why(error)) from None
    return id_, ask(store, MemoryStored(memory=memory))


def _why(error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    return f"{where}: {first['msg'].removeprefix('Value error, ')}"


def forget(store: Path, id_: str) -> bool:
    """Ask that the memory is not recalled any more. Raises NotFound. See `ask`."""
    reader = Reader(store)
    try:
        catch_up(store, reader)
        if reader.memory(id_) is None:
            raise NotFound(f"there is no memory {id_!r:.40}; `mnemosyne recall` lists them")
    finally:
        reader.close()
    return ask(store, MemoryForgotten(memory=id_))

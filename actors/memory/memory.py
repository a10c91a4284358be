"""A memory: a text that later work can find again, with where it belongs and how much it matters. Frozen, checked."""

import hashlib
import re
from enum import StrEnum
from functools import lru_cache
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from actors.work import Content, Frozen

GLOBAL = "global"
PROJECT, SESSION = "project:", "session:"
NAMESPACE = re.compile(r"global|project:[^:\x00-\x1f]{1,200}|session:[^:\x00-\x1f]{1,200}:[^:\x00-\x1f]{1,256}")
FORMS = "global, project:NAME or session:PROJECT:RUN"

TEXT_MAX = 20_000
"""Characters that a person or a tool may store at once; results of items have no such limit."""


def checked_namespace(name: str) -> str:
    """The name itself. Raises ValueError."""
    if not NAMESPACE.fullmatch(name):
        raise ValueError(f"{name!r:.100} is no namespace; it has to be {FORMS}")
    return name


Namespace = Annotated[str, AfterValidator(checked_namespace)]
MemoryId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{16}$")]
Importance = Annotated[int, Field(ge=1, le=10)]
Tag = Annotated[str, StringConstraints(min_length=1, max_length=64)]


class MemoryType(StrEnum):
    """What kind of knowledge it is."""

    RESULT = "result"
    """What an item answered; the others are chosen by whoever remembers."""
    INSIGHT = "insight"
    ARCHITECTURE_DECISION = "architecture_decision"
    CODE_PATTERN = "code_pattern"
    BUG_FIX = "bug_fix"
    CONFIGURATION = "configuration"
    CONSTRAINT = "constraint"
    ENTITY = "entity"
    REFERENCE = "reference"
    PREFERENCE = "preference"
    TASK = "task"
    FEATURE_SPEC = "feature_spec"
    IMPLEMENTATION_PLAN = "implementation_plan"
    CLARIFICATION = "clarification"


class Memory(Frozen):
    """One memory. A long text is in the store's payloads, once."""

    id: MemoryId
    namespace: Namespace
    kind: MemoryType = MemoryType.INSIGHT
    importance: Importance = 5
    tags: tuple[Tag, ...] = ()
    links: tuple[MemoryId, ...] = ()
    """Memories that it was made from, or that it is about."""
    content: Content
    at: float = 0.0
    """Unix seconds, by the store's clock."""
    run: str = ""
    """Where it was made, with the item; "" if a person remembered it."""
    item: str = ""


def result_id(run: str, item: str) -> str:
    """The id of the memory of an item's result: an item has one result in a run."""
    return _id("result", run, item)


def step_id(run: str, item: str, epoch: int) -> str:
    """The id of the memory of what was found out about an item between its attempts."""
    return _id("step", run, item, str(epoch))


def call_id(key: str) -> str:
    """The id of a memory that a tool stores: the same call made again is the same memory."""
    return _id("call", key)


def _id(*parts: str) -> str:
    return hashlib.blake2b("\0".join(parts).encode(errors="backslashreplace"), digest_size=8).hexdigest()


def project(name: str) -> str:
    """The namespace of all runs of plans of this name."""
    return f"{PROJECT}{_plain(name, 200)}"


@lru_cache(maxsize=64)  # of all the results of a run
def session(name: str, run: str) -> str:
    """The namespace of one run of a plan of this name."""
    return f"{SESSION}{_plain(name, 200)}:{_plain(run, 256)}"


def _plain(name: str, length: int) -> str:
    return re.sub(r"[:\x00-\x1f]", "-", name)[:length] or "-"


def sessions_of(namespace: str) -> str | None:
    """How the namespaces begin that belong to this one; None if none do."""
    return f"{SESSION}{namespace.removeprefix(PROJECT)}:" if namespace.startswith(PROJECT) else None


def belongs(namespace: str, to: str) -> bool:
    """Whether it is this namespace, or one within it."""
    within = sessions_of(to)
    return namespace == to or (within is not None and namespace.startswith(within))

"""Tools for the memories: what earlier work found can be looked up, and what later work should know be kept."""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from actors.errors import ToolFailed
from actors.journal.memories import MemoryForgotten, MemoryStored
from actors.memory.memory import TEXT_MAX, Memory, MemoryType, call_id, project
from actors.memory.recall import Question
from actors.stores.protocol import Store
from actors.tools.tool import Said, ToolSpec, parameters
from actors.work import Content, Task

FOUND_MAX = 20
SHOWN = 4_000
"""Characters of one memory that the model gets."""

TEXT = {"type": "string"}
IMPORTANCE = {"type": "integer", "minimum": 1, "maximum": 10}
NOT_CHOSEN = (MemoryType.RESULT,)


class Recall:
    """Finds memories."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.spec = ToolSpec(
            "recall",
            "Look for what earlier work found out or decided. All words of the query have to be there; OR between "
            "words begins another choice. The best answers come first, each with the id that forget takes.",
            parameters(
                {"query": TEXT},
                {
                    "min_importance": IMPORTANCE,
                    "namespace": {**TEXT, "description": "global, project:NAME or session:PROJECT:RUN"},
                    "limit": {"type": "integer", "minimum": 1, "maximum": FOUND_MAX},
                },
            ),
        )

    async def call(self, arguments: Mapping[str, Any], _key: str, /) -> Said:
        """See Tool."""
        namespace, limit = arguments.get("namespace"), arguments.get("limit", FOUND_MAX // 2)
        question = Question(arguments["query"], arguments.get("min_importance", 1), namespace, limit)
        hits = await self._store.recall(question)
        found, recalled = [one.memory for one in hits], tuple(one.hit for one in hits)
        if not found:
            return Said("nothing is found; fewer words, or OR between them, find more", recalled=recalled)
        texts = await self._store.payloads({one.content.ref for one in found if one.content.ref})
        told = (_told(one, texts[ref] if (ref := one.content.ref) else one.content.text or "") for one in found)
        return Said(f"{len(found)} memories:", "\n\n".join(told), recalled=recalled)


def _told(memory: Memory, text: str) -> str:
    more = f" [{len(text) - SHOWN} more characters]" if len(text) > SHOWN else ""
    labels = f"{memory.id} importance={memory.importance} namespace={memory.namespace} type={memory.kind}"
    return f"{labels}\n{text[:SHOWN]}{more}"


class Remember:
    """Stores a memory, of the project unless another namespace is named."""

    def __init__(self, store: Store, task: Task, plan: str) -> None:
        """`plan`: the name of the run's plan."""
        self._store, self._task, self._project = store, task, project(plan)
        kinds = [kind.value for kind in MemoryType if kind not in NOT_CHOSEN]
        self.spec = ToolSpec(
            "remember",
            "Keep something that later work should know: a decision with its reason, a constraint, a fact that was "
            "hard to find. Write it so that it can be understood alone. Your answer is kept anyway.",
            parameters(
                {"text": {**TEXT, "minLength": 1, "maxLength": TEXT_MAX}},
                {
                    "importance": IMPORTANCE,
                    "type": {"enum": kinds},
                    "tags": {"type": "array", "items": {**TEXT, "minLength": 1, "maxLength": 64}, "maxItems": 16},
                    "links": {
                        "type": "array",
                        "items": {**TEXT, "pattern": "^[0-9a-f]{16}$"},
                        "maxItems": 16,
                        "description": "ids of memories that it is about, as recall tells them",
                    },
                    "scope": {"enum": ["project", "global"]},
                },
            ),
        )

    async def call(self, arguments: Mapping[str, Any], key: str, /) -> Said:
        """See Tool. The same call made again stores nothing new."""
        id_ = call_id(key)
        memory = Memory(
            id=id_,
            namespace="global" if arguments.get("scope") == "global" else self._project,
            kind=MemoryType(arguments.get("type", MemoryType.INSIGHT)),
            importance=arguments.get("importance", 5),
            tags=tuple(arguments.get("tags", ())),
            links=tuple(dict.fromkeys(arguments.get("links", ()))),
            content=Content(text=arguments["text"].encode(errors="backslashreplace").decode()),
            run=self._task.run,
            item=self._task.item.id,
        )
        await self._store.append(f"remember-{id_}", [MemoryStored(memory=memory)])
        return Said(f"remembered as {id_}")


class Forget:
    """Has a memory not recalled any more."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.spec = ToolSpec(
            "forget",
            "Have a memory not recalled any more, because it is wrong or out of date.",
            parameters({"id": {**TEXT, "description": "as recall tells it"}}),
        )

    async def call(self, arguments: Mapping[str, Any], key: str, /) -> Said:
        """See Tool."""
        try:
            event = MemoryForgotten(memory=arguments["id"])
        except ValidationError:
            raise ToolFailed("that is no id of a memory; recall tells them, 16 letters and digits each") from None
        await self._store.append(f"forget-{call_id(key)}", [event])
        return Said("forgotten")

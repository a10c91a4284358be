"""Which events are memories: results of items, what reviews found, and what was remembered.

Every store's index is made by this.
"""

from collections.abc import Mapping
from typing import Final

from actors.events import Event, ItemClosed, completed
from actors.journal.memories import MemoryStored
from actors.memory.memory import Memory, MemoryType, result_id, session, step_id
from actors.roles.feedback import complaint
from actors.vocabulary.review import Consolidated, Verdict
from actors.work import Content, Role, role_of

TYPES: Final = ("item_closed", "item_accepted", "item_joined", "item_reused", "memory_stored", "memory_forgotten")
"""Of the events that an index has to look at."""

IMPORTANCE: Final[Mapping[Role, int]] = {
    Role.ORCHESTRATOR: 8,
    Role.REVIEWER: 8,
    Role.EXECUTOR: 7,
    Role.OPTIMIZER: 6,
}
"""Of a result, by the role that made it: decisions and verdicts before work, work before what was made of it."""


def memory_of(event: Event, plan: str) -> Memory | None:
    """The memory that this event is, if it is one. `plan`: the name of its run's plan."""
    if isinstance(event, MemoryStored):
        return event.memory.model_copy(update={"at": event.at})
    if isinstance(event, ItemClosed) and isinstance(event.outcome, Verdict | Consolidated):
        return _of_review(event, event.outcome, plan)
    if (done := completed(event)) is None or not done[1].memory_ids:
        return None
    item, result = done
    role = _role(event.__dict__.get("agent", ""))
    return Memory(
        id=result.memory_ids[0],
        namespace=session(plan, event.run),
        kind=MemoryType.RESULT,
        importance=IMPORTANCE[role],
        tags=(role.value,),
        content=result.data,
        at=event.at,
        run=event.run,
        item=item,
    )


def _of_review(event: ItemClosed, outcome: Verdict | Consolidated, plan: str) -> Memory | None:
    """What a reviewer did not pass, and what was made of several such reviews; a verdict that passes finds nothing."""
    if isinstance(outcome, Consolidated):
        role, content = Role.OPTIMIZER, outcome.text
    elif outcome.judgement.passed:
        return None
    else:
        role, content = Role.REVIEWER, Content(text=complaint(outcome.judgement))
    return Memory(
        id=step_id(event.run, event.item, event.epoch),
        namespace=session(plan, event.run),
        kind=MemoryType.RESULT,
        importance=IMPORTANCE[role],
        tags=(role.value, "review"),
        links=(result_id(event.run, event.item),),
        content=content,
        at=event.at,
        run=event.run,
        item=event.item,
    )


def _role(agent: str) -> Role:
    try:
        return role_of(agent)
    except ValueError:
        return Role.EXECUTOR

"""The items of sub-agents, out of what an item asks for. Pure."""

from collections.abc import Sequence

from pydantic import ValidationError

from actors.errors import GrowthRefused
from actors.tools.capability import COMMAND, FILES_WRITE
from actors.tools.subagent import Handed
from actors.vocabulary.contents import stored
from actors.work import Item
from cluster.run.growth import child_id

CHANGES = {FILES_WRITE, COMMAND}
"""Capabilities with which two that work at once would get into each other's way: they share a workspace."""


def subagent(parent: Item, above: Sequence[Item], name: str, text: str, payloads: dict[str, str]) -> Item:
    """The item that a call asks for; `above` are those that the parent was added for. Raises GrowthRefused."""
    try:
        handed = Handed.model_validate_json(text)
    except ValidationError as error:
        raise GrowthRefused(f"the call cannot be understood: {error.errors()[0]['msg']}") from None
    if more := sorted(set(handed.tools) - set(parent.tools)):
        raise GrowthRefused(f"you cannot give {', '.join(more)} away: you do not have it")
    if not all(one.strip() for one in (handed.description, *handed.success_criteria)):
        raise GrowthRefused("the description or a success criterion says nothing")
    told = handed.told()
    if any(told == one.description for one in (parent, *above)):
        raise GrowthRefused("this is the work that you were given; a sub-agent gets a part of it")
    inputs = {key: stored(value, payloads) for key, value in handed.inputs.items()}
    return Item(
        id=child_id(parent.id, name),
        description=told,
        agent=handed.agent,
        priority=parent.priority,
        timeout=parent.timeout,
        inputs=inputs,
        model=parent.model,
        max_tokens=parent.max_tokens,
        tools=handed.tools,
        phase=parent.phase,
        workspace=parent.workspace,
        parent=parent.id,
    )


def check_independent(child: Item, beside: Sequence[Item]) -> None:
    """Raise GrowthRefused unless it can work beside these."""
    for one in beside:
        if (one.description, one.inputs) == (child.description, child.inputs):
            raise GrowthRefused(f"{one.id} does the same work")
        if CHANGES & set(child.tools) and CHANGES & set(one.tools):
            both = ", ".join(sorted(CHANGES))
            raise GrowthRefused(f"{one.id} may change the same files at the same time; only one at once gets {both}")

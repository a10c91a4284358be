"""A cancel beside something else that is said of the same item: the item ends once, as the store takes it."""

import pytest

from actors.events import CancelRequested, Event, ItemsAdded, TurnDone
from actors.journal.people import ApprovalDenied, ApprovalGranted
from actors.journal.recorded import ENDS
from actors.work import Content, Grows, Item, ItemState, Want
from cluster.run.commands import Append, Command, Fetch, Fetched
from cluster.run.graph import WorkGraph
from tests.support.runs import apply, closed, started

CANCEL = CancelRequested(run="r", target="a")


def ends(facts: list[Event]) -> list[str]:
    return [fact.type for fact in facts if fact.type in ENDS]


def asked_to_begin() -> WorkGraph:
    return WorkGraph((Item(id="a", description="x", approve=True), Item(id="b", description="y", approve=True)))


@pytest.mark.parametrize("word", [ApprovalGranted, ApprovalDenied])
@pytest.mark.parametrize("first", ["cancel", "word"])
def test_a_persons_word_beside_a_cancel_ends_the_item_once(
    word: type[ApprovalGranted | ApprovalDenied], first: str
) -> None:
    state, commands = started(asked_to_begin())
    apply(state, commands)
    assert state.views["a"].state is ItemState.BLOCKED
    said = word(run="r", target="a", epoch=0)
    both = (CANCEL, said) if first == "cancel" else (said, CANCEL)
    tasks, facts = apply(state, state.handle(*both))
    denied = first == "word" and word is ApprovalDenied
    assert (tasks, ends(facts)) == ([], ["item_failed" if denied else "item_cancelled"])
    assert state.views["b"].state is ItemState.BLOCKED, "the other one is still a person's"


def test_a_refused_sub_agent_beside_a_cancel_ends_the_item_once() -> None:
    state, commands = started(WorkGraph((Item(id="a", description="x", tools=("subagents",)),)))
    (task,), _ = apply(state, commands)
    state.handle(TurnDone(run="r", item="a", epoch=1, agent="a", turn=1, said=Content(text="{}"), model="scripted"))
    not_understood = Grows(wants=(Want(turn=1, call=1, text=Content(text="{}")),), model="scripted")
    (fetch,) = state.handle(closed(task, not_understood))
    assert isinstance(fetch, Fetch)
    (added,) = state.handle(Fetched("a", ("{}",)))
    assert isinstance(added, Append)
    assert isinstance(added.event, ItemsAdded)
    on_their_way: list[Command] = [added, *state.handle(CANCEL)]
    tasks, facts = apply(state, on_their_way)
    assert (tasks, ends(facts)) == ([], ["item_cancelled"])
    assert state.finished

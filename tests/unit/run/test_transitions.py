"""The transition tables: what they draw, and what is not in them."""

from itertools import product

import pytest

from actors.work import FINISHED, TERMINAL, ItemState, RunStatus
from cluster.docs import states_doc
from cluster.run.transitions import ITEM, RUN, InvalidTransition, item_after, run_after


def test_the_committed_diagrams_are_current() -> None:
    assert states_doc.PATH.read_text(encoding="utf-8") == states_doc.page() + "\n", "run `make docs`"


def test_what_is_not_in_a_table_raises() -> None:
    for state, event in product(ItemState, {event for _, event in ITEM}):
        if (state, event) not in ITEM:
            with pytest.raises(InvalidTransition, match="assigned #1"):
                item_after("a", state, event, ["assigned #1"])
    for status, event in product(RunStatus, {event for _, event in RUN}):
        if (status, event) not in RUN:
            with pytest.raises(InvalidTransition, match=status.value):
                run_after(status, event)


def test_nothing_leaves_a_terminal_state_and_every_other_state_leads_to_one() -> None:
    assert not any(state in TERMINAL for state, _ in ITEM)
    assert not any(status in FINISHED for status, _ in RUN)
    reached = set(TERMINAL)
    for _ in ItemState:
        reached |= {before for (before, _), after in ITEM.items() if after in reached}
    assert reached == set(ItemState)

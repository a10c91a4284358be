"""Results that are nested too deeply to be joined: of journals from before agents refused them."""

import sys

import pytest

from actors.events import ItemFailed
from actors.work import Content, Result, RunStatus
from tests.support.growths import Grown
from tests.unit.run.test_foreach import EACH, LISTING, MERGE, answers, lists


def nested(levels: int) -> str:
    return "[" * levels + "]" * levels


@pytest.mark.parametrize("levels", [800, 3000])
def test_a_result_that_is_nested_too_deeply_for_the_run_fails_its_list_and_not_the_driver(levels: int) -> None:
    each = EACH.model_copy(update={"output": {"type": "array"}})
    run = Grown(LISTING, each, MERGE)
    made = Result(data=Content(text=nested(levels)), model="fake", json_data=True)
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(600)  # as if the driver were in a deeper call than the agent was
    try:
        state = run.drive({**answers(lists(1, 2)), "each[0]": made})
    finally:
        sys.setrecursionlimit(limit)
    (failed,) = [e for e in run.journal if isinstance(e, ItemFailed)]
    assert (failed.item, failed.message) == ("each", "the result of each[0] is nested too deeply")
    assert state.status is RunStatus.COMPLETED_WITH_FAILURES

"""Growth over the limits of a run: a person is asked with the counts, allows it once or ends the item."""

from pathlib import Path
from random import Random

import pytest

from actors.errors import UserError
from actors.events import (
    ApprovalRequested,
    CancelRequested,
    ContinueRequested,
    ItemCancelled,
    ItemFailed,
    ItemsAdded,
    RunAccepted,
    RunWaiting,
)
from actors.journal.people import Approval, ApprovalDenied, ApprovalGranted
from actors.journal.rows import from_rows
from actors.spending.budget import Budget
from actors.vocabulary.limits import MOST_ITEMS, Limits
from actors.vocabulary.review import Ruling
from actors.work import Content, ItemState, Outcome, Result, RunStatus, Task, Usage
from cluster.home import home_files
from tests.support.growths import Grown
from tests.unit.run.test_expansion import AFTER, EXPANDER, entry, proposes
from tests.unit.run.test_foreach import EACH, LISTING, MERGE, answers, lists


@pytest.mark.parametrize(
    ("limits", "told"),
    [
        (Limits(fan_out=2), "the list has 3 entries, and 2 for one item is the most"),
        (Limits(items=2), "there would be 3 items beyond the plan, and 2 is the most (items in the plan's limits)"),
        (Limits(depth=0), "there would be 1 items above each other, and 0 is the most"),
    ],
)
def test_a_list_over_a_cap_is_asked_about_with_the_counts(limits: Limits, told: str) -> None:
    run = Grown(LISTING, EACH, MERGE, limits=limits)
    state = run.drive(answers(lists(1, 2, 3)))
    (asked,) = [e for e in run.journal if isinstance(e, ApprovalRequested)]
    assert (asked.item, asked.what, asked.epoch) == ("each", Approval.GROWTH, 0)
    assert asked.message.startswith(told)
    assert asked.message.endswith("is the run to grow by them all the same, this once?")
    assert (state.views["each"].state, state.status) == (ItemState.BLOCKED, RunStatus.WAITING)
    (waits,) = [e for e in run.journal if isinstance(e, RunWaiting)]
    assert waits.reason == "a person is asked about each"
    assert not [e for e in run.journal if isinstance(e, ItemsAdded)]


def blocked(*lists_: str, limits: Limits) -> Grown:
    run = Grown(LISTING, EACH, MERGE, limits=limits)
    run.drive(answers(lists_[0]))
    return run


@pytest.mark.parametrize("seed", range(20))
def test_an_approval_adds_the_items_once_whatever_dies(seed: int) -> None:
    run = Grown(LISTING, EACH, MERGE, limits=Limits(fan_out=2, items=2, depth=0))
    rng = Random(seed)
    run.drive(answers(lists(1, 2, 3)), rng, kills=3)
    run.journal.append(ApprovalGranted(run="r", target="each", epoch=0))
    state = run.drive(answers(lists(1, 2, 3)), rng, kills=3)
    assert state.status is RunStatus.COMPLETED
    assert run.joined() == ["each[0]", "each[1]", "each[2]"]
    assert len([e for e in run.journal if isinstance(e, ApprovalRequested)]) == 1


@pytest.mark.parametrize("seed", range(20))
def test_limits_that_a_person_gives_hold_from_then_on_whatever_dies(seed: int) -> None:
    run = Grown(LISTING, EACH, MERGE, limits=Limits(fan_out=2))
    run.journal += [ContinueRequested(run="r", limits=Limits(fan_out=3)), ContinueRequested(run="r")]
    state = run.drive(answers(lists(1, 2, 3)), Random(seed), kills=3)
    assert (state.status, run.joined()) == (RunStatus.COMPLETED, ["each[0]", "each[1]", "each[2]"])


def test_a_continuation_of_an_older_version_says_nothing_of_limits() -> None:
    (event,) = from_rows([(1, 2.0, '{"run":"r","type":"continue_requested","budget":null,"target":null}')])
    assert isinstance(event, ContinueRequested)
    assert event.limits is None


def test_an_approval_is_for_one_item_once() -> None:
    other = EACH.model_copy(update={"id": "other", "dependencies": ("list", "each")})
    run = Grown(LISTING, EACH, other, limits=Limits(items=2))
    run.drive(answers(lists(1, 2, 3)))
    run.journal.append(ApprovalGranted(run="r", target="each", epoch=0))
    state = run.drive(answers(lists(1, 2, 3)))
    asked = [e for e in run.journal if isinstance(e, ApprovalRequested)]
    assert [one.item for one in asked] == ["each", "other"]
    assert asked[1].message.startswith("there would be 6 items beyond the plan, and 2 is the most")
    assert state.views["other"].state is ItemState.BLOCKED


def test_a_denial_fails_the_item() -> None:
    run = blocked(lists(1, 2, 3), limits=Limits(items=2))
    run.journal.append(ApprovalDenied(run="r", target="each", epoch=0, reason="too dear"))
    state = run.drive(answers(lists(1, 2, 3)))
    (failed,) = [e for e in run.journal if isinstance(e, ItemFailed)]
    assert (failed.item, failed.reason, failed.message) == ("each", Ruling.DENIED, "a person denied it: too dear")
    assert state.views["merge"].state is ItemState.SKIPPED
    assert state.status is RunStatus.COMPLETED_WITH_FAILURES


def test_it_may_be_cancelled_instead() -> None:
    run = blocked(lists(1, 2, 3), limits=Limits(items=2))
    run.journal.append(CancelRequested(run="r", target="each"))
    run.drive(answers(lists(1, 2, 3)))
    assert [e.item for e in run.journal if isinstance(e, ItemCancelled)] == ["each"]


def test_what_nobody_can_allow_fails_with_the_counts() -> None:
    run = blocked(lists(*range(MOST_ITEMS + 1)), limits=Limits())
    (failed,) = [e for e in run.journal if isinstance(e, ItemFailed)]
    assert f"the list has {MOST_ITEMS + 1} entries, and {MOST_ITEMS} for one item is the most" in failed.message
    assert not [e for e in run.journal if isinstance(e, ApprovalRequested)]


def too_many(task: Task) -> Outcome:
    return proposes(*(entry(f"i{n}") for n in range(3)), turn=len(task.turns) + 1)


def test_an_orchestrator_is_asked_once_more_and_then_a_person() -> None:
    run = Grown(EXPANDER, AFTER, limits=Limits(items=2))
    state = run.drive({"plan": too_many})
    (asked,) = [e for e in run.journal if isinstance(e, ApprovalRequested)]
    assert asked.message.startswith("there would be 3 items beyond the plan, and 2 is the most")
    assert len([task for task in run.tasks if task.item.id == "plan"]) == 2
    assert state.views["plan"].state is ItemState.BLOCKED
    run.journal.append(ApprovalGranted(run="r", target="plan", epoch=asked.epoch))
    state = run.drive({"plan": too_many})
    assert state.status is RunStatus.COMPLETED
    assert run.joined("plan") == {f"i{n}": f"plan[i{n}]" for n in range(3)}


@pytest.mark.parametrize("granted", [True, False])
def test_a_list_that_the_budget_has_no_room_for_is_a_persons_to_allow_and_the_budget_holds(granted: bool) -> None:
    run = Grown(EXPANDER, AFTER)
    (accepted,) = run.journal
    assert isinstance(accepted, RunAccepted)
    run.journal = [accepted.model_copy(update={"budget": Budget(tokens=9_000)})]  # room for one attempt, and a half
    state = run.drive({"plan": too_many})
    (asked,) = [e for e in run.journal if isinstance(e, ApprovalRequested)]
    assert asked.message.startswith("what is left of the run's budget is too little for 3 more items")
    assert (state.views["plan"].state, state.status) == (ItemState.BLOCKED, RunStatus.WAITING)
    run.journal.append((ApprovalGranted if granted else ApprovalDenied)(run="r", target="plan", epoch=asked.epoch))
    state = run.drive({"plan": too_many, **dict.fromkeys(("plan[i0]", "plan[i1]"), dear)})
    assert state._placement.budget.run.spent_tokens <= 9_000
    if granted:
        assert (state.status, state.views["plan"].state) == (RunStatus.PAUSED, ItemState.WAITING)
        assert state.views["plan[i0]"].state is ItemState.COMPLETE, "as far as there is room"
    else:
        assert state.status is RunStatus.COMPLETED_WITH_FAILURES


def dear(task: Task) -> Outcome:
    used = Usage(output_tokens=task.allowance.tokens or 0) if task.allowance else Usage()
    return Result(data=Content(text="x"), model="fake", usage=used)


def test_the_homes_limits_are_for_plans_that_say_nothing(tmp_path: Path) -> None:
    assert home_files.limits(tmp_path, None) == Limits()
    (tmp_path / "limits.json").write_text('{"items": 7, "fan_out": 3}')
    assert home_files.limits(tmp_path, None) == Limits(items=7, fan_out=3)
    assert home_files.limits(tmp_path, Limits(items=9)) == Limits(items=9, fan_out=3)
    (tmp_path / "limits.json").write_text('{"items": -7}')
    with pytest.raises(UserError, match=r"limits.json: items: "):
        home_files.limits(tmp_path, None)
